// A fleet of workers that share the shards of one role, on one clock that tests move. A worker can be frozen or cut off from
// the leases; one that is killed is frozen for ever.
import { allShards, type Shard } from '@parley/domain';
import { workOnLeasedShards, type ShardChange } from '../leased-shards.ts';
import type { Leases } from '../leases.ts';
import { createTestLeases } from './leases.ts';
import { createMovingClock, type MovingClock } from './moving-clock.ts';

export interface TestWorker extends AsyncDisposable {
  readonly name: string;
  /** What it works on now. */
  readonly shards: ReadonlySet<Shard>;
  readonly changes: readonly ShardChange[];
  readonly failures: readonly unknown[];
  isFrozen: boolean;
  isCutOff: boolean;
  /** How long ending a shard takes. */
  endMs: number;
}

export function createFleet(shardCount: number) {
  const clock = createMovingClock();
  const leases = createTestLeases(clock.now);
  const workers: TestWorker[] = [];

  function start(name: string, { isCutOff = false } = {}): TestWorker {
    const worker = createWorker({ name, isCutOff }, { ...clock, leases, shardCount });
    workers.push(worker);
    return worker;
  }

  /** Who works on each shard. */
  const workersOf = (): readonly (readonly string[])[] =>
    allShards(shardCount).map((shard) => workers.filter(({ shards }) => shards.has(shard)).map(({ name }) => name));

  const stopped = async (worker: TestWorker): Promise<void> => {
    const stop = { isOver: false };
    const stopping = worker[Symbol.asyncDispose]().then(() => (stop.isOver = true));
    while (!stop.isOver) await clock.pass(clock.stepMs);
    await stopping;
  };

  return { start, pass: clock.pass, workersOf, stopped };
}

interface Begin {
  readonly name: string;
  readonly isCutOff: boolean;
}

interface Surroundings extends MovingClock {
  readonly leases: Leases;
  readonly shardCount: number;
}

function createWorker({ name, isCutOff }: Begin, { leases, now, sleep, until, shardCount }: Surroundings): TestWorker {
  const shards = new Set<Shard>();
  const changes: ShardChange[] = [];
  const failures: unknown[] = [];
  const state = { isFrozen: false, isCutOff, endMs: 0 };
  const reach = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    if (state.isCutOff) throw new Error('away');
    return ask();
  };
  const supervisor = workOnLeasedShards({
    role: 'role',
    worker: name,
    shards: shardCount,
    leases: {
      join: (...asked) => reach(() => leases.join(...asked)),
      acquire: (...asked) => reach(() => leases.acquire(...asked)),
      release: (...asked) => reach(() => leases.release(...asked)),
      leave: (...asked) => reach(() => leases.leave(...asked)),
      holders: (...asked) => reach(() => leases.holders(...asked)),
    },
    world: { now, sleep: (ms, signal) => sleep(ms, signal).then(() => until(() => !state.isFrozen)) },
    observer: {
      shardsChanged: (_role, change) => void changes.push(change),
      leasesUnavailable: (_role, error) => void failures.push(error),
    },
    work: {
      begin: (shard) => void shards.add(shard),
      end: (shard) => sleep(state.endMs).then(() => void shards.delete(shard)),
    },
  });
  return Object.assign(state, {
    name,
    shards,
    changes,
    failures,
    [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose](),
  });
}

// The only loop that reads the log: every projection, delivery, verify and rebuild run on it. Of all shards, or of those that
// this process holds a lease for.
import {
  allShards,
  LogGap,
  MalformedEvent,
  UnknownEventVersion,
  type EventLog,
  type Position,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import { workOnLeasedShards, type LeaseTerms, type ShardWork } from './leased-shards.ts';

/** Somebody who follows the log, shard by shard. */
export interface LogReader {
  /** For operators, in consumer names and metrics: `timeline-g1`, `delivery`. */
  readonly name: string;
  /** Everything up to here is applied. */
  checkpoint(shard: Shard): Promise<Position>;
  /** The next events, in order. Applying the same ones again changes nothing. A rejection is retried for ever. */
  apply(shard: Shard, events: readonly StoredEvent[]): Promise<void>;
  /** The shard's last step has ended: it is another worker's now, until its checkpoint is asked for again. Never rejects. */
  leave?(shard: Shard): Promise<void>;
}

/** Where a reader without rows of its own keeps how far it came. */
export interface Checkpoints {
  /** NO_POSITION when there is none in the log's present epoch. Possibly not the newest: lower is work twice, never a gap. */
  load(reader: string, shard: Shard): Promise<Position>;
  /** It only rises. Rejects for failures of the world; the next save says more than a lost one did. */
  save(reader: string, shard: Shard, position: Position): Promise<void>;
}

export interface RunnerObserver {
  applied(reader: string, shard: Shard, events: readonly StoredEvent[]): void;
  /** It goes on after a pause; an alarm on lag tells when this lasts. */
  retrying(reader: string, shard: Shard, error: unknown): void;
  /** This shard's reader stopped for good: the log is not what it promises, or holds what this build cannot read. */
  stopped(reader: string, shard: Shard, error: unknown): void;
}

export interface RunnerDependencies {
  readonly log: EventLog;
  readonly world: World;
  readonly observer: RunnerObserver;
  /** Absent: all shards are this process's own. */
  readonly lease?: LeaseTerms;
}

/** What no retry can mend: the log is not what it promises, or holds what this build cannot read. */
export const isBeyondRetry = (error: unknown): boolean =>
  error instanceof LogGap || error instanceof UnknownEventVersion || error instanceof MalformedEvent;

export const RUNNER = { retryMsMin: 50, retryMsMax: 5_000 } as const;

/** Runs until disposed, which resolves when every shard has come to rest. */
export function runReader(reader: LogReader, dependencies: RunnerDependencies): AsyncDisposable {
  return runReaders([reader], dependencies);
}

/** Several readers that go together: one lease of a shard is for all of them. */
export function runReaders(readers: readonly LogReader[], dependencies: RunnerDependencies): AsyncDisposable {
  const works = readers.map((reader) => followLog(reader, dependencies));
  const work: ShardWork = {
    begin: (shard) => works.forEach((each) => each.begin(shard)),
    end: async (shard) => void (await Promise.all(works.map((each) => each.end(shard)))),
  };
  return runWork(work, dependencies);
}

/** All shards, or those for which it gets the lease, until disposed, which resolves when all work has ended. */
export function runWork(work: ShardWork, dependencies: RunnerDependencies): AsyncDisposable {
  const { log, lease } = dependencies;
  if (lease)
    return workOnLeasedShards({ ...lease, ...dependencies, observer: lease.observer, shards: log.shards, work });
  const shards = allShards(log.shards);
  for (const shard of shards) work.begin(shard);
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(shards.map((shard) => work.end(shard)))) };
}

interface Run {
  readonly stop: AbortController;
  /** Until the step under way has ended. */
  readonly running: Promise<void>;
  /** Once it was told to end: until the reader has left the shard, too. */
  left?: Promise<void>;
}

/** A reader's work on a shard: it follows the log there, from its checkpoint on. */
export function followLog(reader: LogReader, dependencies: RunnerDependencies): ShardWork {
  const runs = new Map<Shard, Run>();
  return {
    begin(shard) {
      const before = runs.get(shard)?.left;
      const stop = new AbortController();
      const run = (): Promise<void> => runShard(reader, shard, { ...dependencies, signal: stop.signal });
      runs.set(shard, { stop, running: before ? before.then(run) : run() });
    },
    async end(shard) {
      const run = runs.get(shard);
      run?.stop.abort();
      if (run) await (run.left ??= run.running.then(() => reader.leave?.(shard)));
    },
  };
}

type ShardRun = RunnerDependencies & { readonly signal: AbortSignal };

async function runShard(reader: LogReader, shard: Shard, run: ShardRun): Promise<void> {
  let failures = 0;
  const onApplied = (events: readonly StoredEvent[]): void => {
    failures = 0;
    run.observer.applied(reader.name, shard, events);
  };
  while (!run.signal.aborted) {
    try {
      await follow(reader, shard, { ...run, onApplied });
    } catch (error) {
      if (isBeyondRetry(error)) {
        run.observer.stopped(reader.name, shard, error);
        return;
      }
      run.observer.retrying(reader.name, shard, error);
      const pauseMs = Math.min(RUNNER.retryMsMax, RUNNER.retryMsMin * 2 ** failures++);
      await run.world.sleep(pauseMs * (0.5 + run.world.random() / 2), run.signal);
    }
  }
}

async function follow(
  reader: LogReader,
  shard: Shard,
  run: ShardRun & { onApplied(events: readonly StoredEvent[]): void },
): Promise<void> {
  let applied = await reader.checkpoint(shard);
  for await (const events of run.log.read(shard, applied, { reader: reader.name, signal: run.signal })) {
    applied = assertFollows(shard, applied, events);
    await reader.apply(shard, events);
    run.onApplied(events);
    if (run.signal.aborted) return;
  }
}

/** Each event's position follows the one before it; gives the last. A reader that skipped one would fold a lie. */
export function assertFollows(shard: Shard, after: Position, events: readonly StoredEvent[]): Position {
  let last = after;
  for (const { position } of events) {
    if (position !== last + 1) throw new LogGap(`shard ${shard}: ${position} follows ${last}`);
    last = position;
  }
  return last;
}

// A new generation of a read model folded from the first event, as `parley rebuild` does it, in a process that does nothing else.
import { constants, setPriority } from 'node:os';
import { connectNats, NatsEventLog } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';
import { foldToHead } from '@parley/projections';
import { MemoryLine } from './memory-line.ts';
import { generation, withRebuilt, type Rebuilt } from './rebuilt.ts';

export interface Fold extends Rebuilt {
  readonly servers: string;
  readonly shards: number;
}

export interface FoldResult {
  readonly events: number;
  readonly seconds: number;
  /** The most of the whole process, by the time that each quarter of the events was folded. */
  readonly peakRssMiB: readonly number[];
}

export async function fold({ servers, shards, ...rebuilt }: Fold): Promise<FoldResult> {
  setPriority(constants.priority.PRIORITY_LOW); // as `parley rebuild` gives way
  const world = createWorld();
  await using connection = await connectNats({ servers, name: 'parley-bench' });
  await using log = new NatsEventLog({ connection, world, shards });
  return await withRebuilt(rebuilt, async (projection, store) => {
    const memory = new MemoryLine();
    const startedMs = performance.now();
    const { folded } = await foldToHead({
      log,
      world,
      projection,
      store,
      generation,
      signal: new AbortController().signal,
      observer: failing,
      onProgress: ({ folded: done, total }) => memory.at(done, total),
    });
    return { events: folded, seconds: (performance.now() - startedMs) / 1_000, peakRssMiB: memory.end() };
  });
}

/** A measurement in which anything went wrong is none. */
const fail = (what: string) => (): never => {
  throw new Error(`the fold ${what}`);
};
const failing = {
  applied: () => undefined,
  retrying: (_reader: string, _shard: number, error: unknown): void =>
    void process.stderr.write(`fold: again after ${String(error)}\n`),
  stopped: fail('stopped'),
  parked: fail('parked a conversation'),
  passedOver: fail('passed over an event'),
  voided: fail('met a void event'),
};

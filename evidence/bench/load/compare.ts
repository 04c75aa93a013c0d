// A rebuilt generation compared with the log, as `parley verify` does it, in a process that does nothing else.
import { connectNats, NatsEventLog } from '@parley/infra/nats';
import { createWorld, digest } from '@parley/infra/runtime';
import { verify, type Difference } from '@parley/projections';
import { peakRssMiB } from '../processes.ts';
import type { Fold } from './fold.ts';
import { withRebuilt } from './rebuilt.ts';

export interface CompareResult {
  readonly events: number;
  readonly seconds: number;
  /** Of the whole process, the most it had. */
  readonly peakRssMiB: number;
}

/** A generation that is not what the log says is no measurement: it rejects. */
export async function compare({ servers, shards, ...rebuilt }: Fold): Promise<CompareResult> {
  const world = createWorld();
  await using connection = await connectNats({ servers, name: 'parley-bench' });
  await using log = new NatsEventLog({ connection, world, shards });
  return await withRebuilt(rebuilt, async (projection, store) => {
    const startedMs = performance.now();
    const { events, parked } = await verify({
      log,
      world,
      projection,
      store,
      digest,
      signal: new AbortController().signal,
      sample: 1,
      found: failAt,
      progress: () => undefined,
    });
    if (parked.length > 0) throw new Error(`${parked.length} conversations are parked`);
    return { events, seconds: (performance.now() - startedMs) / 1_000, peakRssMiB: peakRssMiB() };
  });
}

function failAt(difference: Difference): never {
  throw new Error(`verify found a difference: ${JSON.stringify(difference)}`);
}

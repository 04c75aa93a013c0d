// Values that are asked for when the metrics are read, because nobody could count them as they change.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { allShards, type EventLog, type Position, type Shard } from '@parley/domain';
import type { LiveGenerations } from '@parley/projections';
import type { Metrics, Sample } from './metrics.ts';

/** A reader of the log and how far it has come: its stored checkpoint, so that one that never began lags, too. */
export interface WatchedReader {
  readonly name: string;
  checkpoint(shard: Shard): Promise<Position>;
}

export type WatchedLog = Pick<EventLog, 'shards' | 'head'>;

/** The readers of a projection's generations, as they are when it is asked. */
export const watchedGenerations = (
  projection: string,
  live: Pick<LiveGenerations<Pick<WatchedReader, 'checkpoint'>>, 'following'>,
): readonly WatchedReader[] =>
  live
    .following()
    .map(({ number, store }) => ({ name: `${projection}-g${number}`, checkpoint: (shard) => store.checkpoint(shard) }));

/** Of the readers there are whenever the metrics are read. */
export function watchReaderLag(metrics: Metrics, log: WatchedLog, readers: () => readonly WatchedReader[]): void {
  metrics.watch('readerLag', async () => {
    const now = readers();
    const lags = await Promise.all(allShards(log.shards).map((shard) => lagsIn(shard, log, now)));
    return lags.flat();
  });
}

async function lagsIn(
  shard: Shard,
  log: WatchedLog,
  readers: readonly WatchedReader[],
): Promise<readonly Sample<'readerLag'>[]> {
  // Checkpoints first: asked the other way round, a reader could be ahead of the head.
  const checkpoints = await Promise.all(readers.map((reader) => reader.checkpoint(shard)));
  const head = await log.head(shard);
  return readers.map(({ name }, index) => ({
    value: head - (checkpoints[index] ?? 0),
    labels: { reader: name, shard },
  }));
}

export function watchOutbox(metrics: Metrics, size: () => number): void {
  metrics.watch('logOutbox', async () => [{ value: size(), labels: {} }]);
}

const resolutionMs = 10;

/** Measures until disposed. */
export function watchEventLoop(metrics: Metrics): Disposable {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  metrics.watch('eventLoopDelay', async () => {
    // The histogram counts from one tick of its timer to the next: what is beyond the timer's own time is delay.
    const lateNs = delay.count === 0 ? 0 : delay.percentile(99) - resolutionMs * 1e6;
    delay.reset();
    return [{ value: Math.max(0, lateNs) / 1e9, labels: {} }];
  });
  return { [Symbol.dispose]: () => void delay.disable() };
}

// The first part of a rebuild: a new generation folded from where it is up to the head of the log, by whoever rebuilds. It is the one
// runner at work, for so long as there is much to do; workers go on from there.
import { allShards, LogUnavailable, type EventLog, type Position, type Shard, type StoredEvent } from '@parley/domain';
import { projectionReader, type ProjectionObserver } from '../projection-reader.ts';
import type { Head, Projection, ProjectionStore } from '../projection.ts';
import { inLargeSteps } from './large-steps.ts';
import { runReader, type LogReader, type RunnerDependencies, type RunnerObserver } from '../runner.ts';

const FOLD = {
  /** So near to the head workers take over. */
  eventsLeftMax: 1_000,
  lookMs: 100,
} as const;

export interface FoldProgress {
  /** Events of all shards that are folded, of those that there were when it was last looked. */
  readonly folded: number;
  readonly total: number;
}

export interface FoldOptions<H extends Head, Row> extends Pick<RunnerDependencies, 'log' | 'world'> {
  readonly projection: Projection<H, Row>;
  readonly store: ProjectionStore<H, Row>;
  readonly generation: number;
  readonly observer: RunnerObserver & ProjectionObserver;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FoldProgress) => void;
}

/**
 * Resolves when all but few events are folded, or when the signal aborts: what is folded by then stays, and the next call goes on
 * from there. Failures of the world are retried for ever; what no retry can mend rejects.
 */
export async function foldToHead<H extends Head, Row>(options: FoldOptions<H, Row>): Promise<FoldProgress> {
  const { log, world, store, observer, signal, onProgress } = options;
  const positions = new Map<Shard, Position>();
  const shards = allShards(log.shards);
  const broken = Promise.withResolvers<never>();
  const watched = {
    ...observer,
    applied(reader: string, shard: Shard, events: readonly StoredEvent[]): void {
      positions.set(shard, events.at(-1)?.position ?? positions.get(shard) ?? (0 as Position));
      observer.applied(reader, shard, events);
    },
    stopped(reader: string, shard: Shard, error: unknown): void {
      observer.stopped(reader, shard, error);
      broken.reject(error instanceof Error ? error : new Error(String(error)));
    },
  };
  const reader = projectionReader(options.projection, store, { generation: options.generation, observer: watched });
  const begun: LogReader = {
    ...reader,
    async checkpoint(shard) {
      const checkpoint = await reader.checkpoint(shard);
      positions.set(shard, checkpoint);
      return checkpoint;
    },
  };
  await using _running = runReader(begun, { log: inLargeSteps(log), world, observer: watched });
  let total: number | undefined;
  for (;;) {
    total = (await eventsIn(log)) ?? total;
    const progress = { folded: sum([...positions.values()]), total: total ?? 0 };
    onProgress(progress);
    if (signal.aborted) return progress;
    const isKnown = total !== undefined && positions.size === shards.length;
    if (isKnown && progress.total - progress.folded <= FOLD.eventsLeftMax) {
      await store.complete?.();
      return progress;
    }
    await Promise.race([world.sleep(FOLD.lookMs, signal), broken.promise]);
  }
}

/** Undefined while the log cannot be asked. */
async function eventsIn(log: EventLog): Promise<number | undefined> {
  try {
    return sum(await Promise.all(allShards(log.shards).map((shard) => log.head(shard))));
  } catch (error) {
    if (error instanceof LogUnavailable) return undefined;
    throw error;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

// A projection at work: one reader of the log for each generation that workers fold, begun and ended as generations come and go.
import { projectionReader, type FoldFollower, type ProjectionObserver } from '../projection-reader.ts';
import type { ParkedRecords } from '../parked-records.ts';
import type { Head, Projection, ProjectionStore, RefoldableStore } from '../projection.ts';
import { refolding, type RefoldObserver } from '../refolder.ts';
import { followLog, runWork, type RunnerDependencies, type RunnerObserver } from '../runner.ts';
import type { LeaseTerms } from '../leased-shards.ts';
import type { LiveGenerations, OpenGeneration } from './live-generations.ts';

export interface RunGenerationsDependencies extends Omit<RunnerDependencies, 'lease' | 'observer'> {
  readonly observer: RunnerObserver & ProjectionObserver & RefoldObserver;
  readonly parkedRecords?: ParkedRecords;
  /** The terms on which this process shares a role's shards with others. Absent: all shards are its own. */
  readonly leaseTerms?: (role: string) => LeaseTerms;
}

/** Keeps something besides the rows of a generation. */
export interface FollowedGenerations<H extends Head> {
  readonly followerOf?: ((generation: number) => FoldFollower<H>) | undefined;
}

/** Runs until disposed, which resolves when every reader has come to rest. */
export function runGenerations<H extends Head, Row>(
  projection: Projection<H, Row>,
  live: LiveGenerations<ProjectionStore<H, Row> & RefoldableStore>,
  { followerOf, ...deps }: RunGenerationsDependencies & FollowedGenerations<H>,
): AsyncDisposable {
  const running = new Map<number, AsyncDisposable>();
  const ending = new Set<Promise<void>>();

  const begin = ({ number, store }: OpenGeneration<ProjectionStore<H, Row> & RefoldableStore>): AsyncDisposable => {
    const follower = followerOf?.(number);
    const reader = projectionReader(projection, store, {
      ...deps,
      generation: number,
      ...(follower === undefined ? {} : { follower }),
    });
    const { leaseTerms, ...rest } = deps;
    const work = refolding(followLog(reader, rest), { ...rest, projection, store });
    return runWork(work, leaseTerms ? { ...rest, lease: leaseTerms(`projector-${reader.name}`) } : rest);
  };

  function end(number: number): void {
    const ended = Promise.resolve(running.get(number)?.[Symbol.asyncDispose]()).finally(() => ending.delete(ended));
    ending.add(ended);
    running.delete(number);
  }

  function update(): void {
    const wanted = live.following();
    for (const number of running.keys()) if (!wanted.some((one) => one.number === number)) end(number);
    for (const one of wanted) if (!running.has(one.number)) running.set(one.number, begin(one));
  }

  const changes = live.onChange(update);
  update();

  return {
    async [Symbol.asyncDispose]() {
      changes[Symbol.dispose]();
      for (const number of running.keys()) end(number);
      await Promise.all(ending);
    },
  };
}

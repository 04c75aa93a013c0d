// Group commit: what is written to one file within a short time goes into one transaction. A transaction costs far more than the rows
// in it, and projections write a few rows of each shard at a time.
import type { World } from '@parley/domain';
import type { WriteStep } from './requests.ts';

/** From the beginning of one transaction to the next: the first write of a quiet time does not wait. */
export const writeIntervalMs = 20;

export interface WriteGroups {
  /** Resolves when it is committed. Rejects as it would have alone: others in its group do not make it fail. */
  readonly write: (steps: readonly WriteStep[]) => Promise<void>;
  /** Asks at once for what waits: what is asked of the file afterwards comes after it. */
  readonly flush: () => void;
  /** The same; resolves when everything written so far is committed, or refused. */
  readonly settled: () => Promise<void>;
}

interface Waiting {
  readonly steps: readonly WriteStep[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createWriteGroups(
  commit: (steps: readonly WriteStep[]) => Promise<unknown>,
  world: Pick<World, 'schedule'>,
): WriteGroups {
  let waiting: Waiting[] = [];
  let isResting = false;
  const underWay = new Set<Promise<void>>();

  function commitWaiting(): void {
    if (waiting.length === 0) return;
    const done = commitGroup(waiting).finally(() => underWay.delete(done));
    underWay.add(done);
    waiting = [];
  }

  function begin(): void {
    isResting = waiting.length > 0;
    if (isResting) world.schedule(writeIntervalMs, begin);
    commitWaiting();
  }

  async function commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await commit(merged(group.flatMap(({ steps }) => steps)));
      for (const { resolve } of group) resolve();
    } catch (error) {
      const [only, ...others] = group;
      if (others.length === 0) return only?.reject(error);
      await Promise.all(group.map((each) => commitGroup([each])));
    }
  }

  return {
    write: (steps) =>
      new Promise((resolve, reject) => {
        waiting.push({ steps, resolve, reject });
        if (!isResting) begin();
      }),
    flush: commitWaiting,
    async settled() {
      commitWaiting();
      await Promise.all(underWay);
    },
  };
}

/** One step a statement: each row is written only over an older one, so that the order among shards means nothing. */
function merged(steps: readonly WriteStep[]): readonly WriteStep[] {
  const byStatement = Map.groupBy(
    steps.filter(({ rows }) => rows.length > 0),
    ({ sql }) => sql,
  );
  return [...byStatement].map(([sql, same]) => ({ sql, rows: same.flatMap(({ rows }) => rows) }));
}

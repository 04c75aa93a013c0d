// Recent heads as `parley verify` and its repair see them: what a fleet keeps of `conversations` besides the rows, in Redis. A standalone
// keeps them in its own memory, where nobody else reaches them.
import { shardOf, type ConversationId, type Shard } from '@parley/domain';
import { createRecentHeads } from '@parley/infra/redis';
import {
  compareRecentHeads,
  type ConversationHead,
  type Difference,
  type OpenGeneration,
  type ProjectionStore,
} from '@parley/projections';
import type { System } from './system.ts';

/** What is kept of a generation besides its store. */
export interface Besides {
  compare(shard: Shard, ids: readonly ConversationId[], signal: AbortSignal): AsyncIterable<Difference>;
  /** Throws away what is kept of them: it comes back from the rows. */
  mend(ids: readonly ConversationId[]): Promise<void>;
}

export async function recentHeadsBesides(
  { redis, world, log, logEpoch }: System,
  { number, store }: OpenGeneration<Pick<ProjectionStore<ConversationHead, never>, 'heads'>>,
): Promise<Besides | undefined> {
  const connection = await redis();
  if (!connection) return undefined;
  const recent = createRecentHeads({ connection, world, logEpoch })(number);
  return {
    compare: (shard, ids, signal) => compareRecentHeads({ recent, store, world, signal }, shard, ids),
    async mend(ids) {
      const byShard = Map.groupBy(ids, (id) => shardOf(id, log.shards));
      await Promise.all([...byShard].map(([shard, own]) => recent.forget(shard, own)));
    },
  };
}

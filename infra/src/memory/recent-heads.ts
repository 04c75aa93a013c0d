// Conversations' newest heads, for one process.
import type { ConversationId } from '@parley/domain';
import type { RecentHead, RecentHeads } from '@parley/projections';
import { LRUCache } from 'lru-cache';

const headsMax = 100_000;

export function createRecentHeads(): RecentHeads {
  const heads = new LRUCache<ConversationId, RecentHead>({ max: headsMax });
  return {
    async raise(given) {
      for (const head of given) {
        const kept = heads.get(head.conversationId);
        if (!kept || kept.position < head.position) heads.set(head.conversationId, head);
      }
    },
    async find(conversationIds) {
      const found = conversationIds.map((id) => heads.get(id)).filter((head) => head !== undefined);
      return new Map(found.map((head) => [head.conversationId, head]));
    },
  };
}

// Which event came before this one in its conversation: what lets a client see a gap.
import { NO_POSITION, type ConversationId, type Position, type StoredEvent } from '@parley/domain';
import type { TimelineQueries } from '@parley/projections';
import { LRUCache } from 'lru-cache';

export interface PreviousPositions {
  /** Events come in order; `since` is where everything before was seen. Remembers this one as the last. */
  before(stored: StoredEvent, since: Position): Promise<Position>;
}

/** Remembers the last position of so many conversations; of others the timeline is asked. */
export function createPreviousPositions(
  timeline: Pick<TimelineQueries, 'previous'>,
  rememberedMax: number,
): PreviousPositions {
  const lastOf = new LRUCache<ConversationId, Position>({ max: Math.ceil(rememberedMax) });

  async function find({ conversationId, position, event }: StoredEvent, since: Position): Promise<Position> {
    if (event.type === 'conversation.created') return NO_POSITION;
    const known = lastOf.get(conversationId);
    if (known !== undefined && known < position) return known;
    const found = await timeline.previous({ conversationId, position, since }).catch(() => undefined);
    return found ?? ((position - 1) as Position); // not known: makes clients look
  }

  return {
    async before(stored, since) {
      const found = await find(stored, since);
      lastOf.set(stored.conversationId, stored.position);
      return found;
    },
  };
}

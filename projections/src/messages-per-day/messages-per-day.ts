// How many messages each user sent on each day: a read model for whoever looks at usage. It is the one that
// docs/guides/new-projection.md builds; workers keep it where PARLEY_PROJECTIONS names it.
import { isMessageEvent, type TimestampMs, type UserId } from '@parley/domain';
import { flatProjection, type FlatRow, type FlatStore } from '../flat/flat-projection.ts';
import type { Head } from '../projection.ts';

/** One user in one conversation on one day: a fold knows nothing but its conversation. */
export interface DayRow extends FlatRow {
  readonly userId: UserId;
  /** Days since 1970, in UTC. */
  readonly day: number;
  readonly messages: number;
}

/** What the next event needs to know of those before it. */
export interface DayHead extends Head {
  readonly day: number;
  readonly counts: readonly (readonly [UserId, messages: number])[];
}

export const messagesPerDay = flatProjection<DayHead, DayRow>({
  name: 'messages_per_day',
  version: 1,
  table: {
    columns: { userId: 'text', day: 'integer', messages: 'integer' },
    partition: ['userId'],
    key: ['day'],
  },
  fold(head, stored) {
    const { conversationId, position, actorId: userId } = stored;
    // The log's clock may be set back a little when its leader changes; a day that has begun does not end again.
    const day = Math.max(head?.day ?? 0, dayOf(stored.storedTs));
    const counts = new Map(head?.day === day ? head.counts : []);
    const messages = (counts.get(userId) ?? 0) + 1;
    const rows = isMessageEvent(stored) ? [{ conversationId, position, userId, day, messages }] : [];
    if (rows.length > 0) counts.set(userId, messages);
    return { head: { conversationId, position, day, counts: [...counts] }, rows };
  },
});

const dayMs = 24 * 60 * 60 * 1_000;

const dayOf = (timestamp: TimestampMs): number => Math.floor(timestamp / dayMs);

/** Of all conversations, by day; as far as it is folded. */
export async function messagesOf(
  userId: UserId,
  store: Pick<FlatStore<DayHead, DayRow>, 'find'>,
): Promise<ReadonlyMap<number, number>> {
  const sums = new Map<number, number>();
  for (const { day, messages } of await store.find(userId)) sums.set(day, (sums.get(day) ?? 0) + messages);
  return sums;
}

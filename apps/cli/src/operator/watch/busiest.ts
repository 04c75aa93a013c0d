// Who keeps the log busy: the conversations with the most events over the last minutes, from the end of each shard's log.
import { allShards, type ConversationId, type Position, type Shard, type StoredEvent } from '@parley/domain';
import type { System } from '../system.ts';

export const BUSIEST = {
  windowMs: 5 * 60_000,
  /** Read at most, over all shards: a shard that had more in the window is looked at over a shorter one. */
  eventsMax: 65_536,
  conversationsMax: 20,
  readMsMax: 10_000,
} as const;

export interface Busy {
  readonly conversationId: ConversationId;
  readonly shard: Shard;
  readonly events: number;
  readonly perMinute: number;
}

export async function busiestConversations({ log, world }: System, signal: AbortSignal): Promise<readonly Busy[]> {
  const sinceTs = world.now() - BUSIEST.windowMs;
  const perShardMax = Math.max(1, Math.floor(BUSIEST.eventsMax / log.shards));
  const inShard = async (shard: Shard): Promise<readonly Busy[]> => {
    const head = await log.head(shard);
    const newest = head === 0 ? undefined : await log.readOne(shard, head);
    if (newest === undefined || newest.storedTs < sinceTs) return [];
    const ends = AbortSignal.any([signal, AbortSignal.timeout(BUSIEST.readMsMax)]);
    const after = Math.max(0, head - perShardMax) as Position;
    const tail: StoredEvent[] = [];
    for await (const events of log.read(shard, after, { reader: 'parley-status', signal: ends })) {
      tail.push(...events.filter(({ storedTs }) => storedTs >= sinceTs));
      if ((events.at(-1)?.position ?? 0) >= head) break;
    }
    return counted(tail, { shard, isCut: tail.length >= perShardMax, now: world.now() });
  };
  const all = await Promise.all(allShards(log.shards).map(inShard));
  return all
    .flat()
    .toSorted((one, other) => other.perMinute - one.perMinute)
    .slice(0, BUSIEST.conversationsMax);
}

interface Counting {
  readonly shard: Shard;
  /** The window began before what was read. */
  readonly isCut: boolean;
  readonly now: number;
}

function counted(tail: readonly StoredEvent[], { shard, isCut, now }: Counting): readonly Busy[] {
  const windowMs = isCut ? Math.max(1, now - (tail[0]?.storedTs ?? now)) : BUSIEST.windowMs;
  const byConversation = Map.groupBy(tail, ({ conversationId }) => conversationId);
  return [...byConversation].map(([conversationId, { length: events }]) => ({
    conversationId,
    shard,
    events,
    perMinute: (events * 60_000) / windowMs,
  }));
}

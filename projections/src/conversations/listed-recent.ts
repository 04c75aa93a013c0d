// Of one user's list, what recent heads answer, and what is offered back to them (docs/adr/0010-recent-heads.md).
import { shardOf, type ConversationId, type Position, type Shard, type UserId } from '@parley/domain';
import type { Unfolded } from '../fresh-reads.ts';
import { headToRecent, recentToBrief, type BriefHead } from './brief-head.ts';
import type { ConversationHead, MembershipRow } from './conversations.ts';
import type { FoundHeads, RecentHeads } from './recent-heads.ts';

/** One answer in the making. */
export interface Listing {
  readonly userId: UserId;
  readonly unfolded: Unfolded<ConversationHead, MembershipRow>;
  /** The newest of each conversation they are in. */
  readonly memberships: ReadonlyMap<ConversationId, MembershipRow>;
}

export interface ListedRecent {
  /** Those that the user is in and sees like this; of others the rows are to be asked. */
  readonly heads: ReadonlyMap<ConversationId, BriefHead>;
  /** Nobody waits for it: who asks next finds them there, or reads the rows again. */
  offer(rows: readonly ConversationHead[]): void;
}

export async function findListed(recent: Pick<RecentHeads, 'find' | 'offer'>, listing: Listing): Promise<ListedRecent> {
  const { conversations: moved, shards } = listing.unfolded;
  // What the tail moves is read from the rows, and written by whoever folds it.
  const ids = [...listing.memberships.keys()].filter((id) => !moved.has(id));
  const asked = Map.groupBy(ids, (id) => shardOf(id, shards.size));
  // Whoever keeps them reports that they cannot be reached; the rows answer.
  const found = await recent.find(asked).catch(() => new Map<Shard, FoundHeads>());
  const usable = [...found].filter(([shard, { mark }]) => mark.position >= (shards.get(shard)?.checkpoint ?? Infinity));
  return {
    heads: new Map(usable.flatMap(([shard, { heads }]) => decided(listing, shard, heads))),
    offer(rows) {
      for (const [shard, { mark, heads }] of usable) {
        const absent = new Set((asked.get(shard) ?? []).filter((id) => !heads.has(id)));
        const given = rows.filter(({ conversationId }) => absent.has(conversationId)).map(headToRecent);
        const kept = given.filter(({ text }) => text !== '');
        const upTo = shards.get(shard)?.upTo;
        if (upTo === undefined || kept.length === 0) continue;
        recent.offer(shard, { era: mark.era, upTo, heads: kept }).catch(() => undefined);
      }
    },
  };
}

function decided(
  { memberships, unfolded }: Listing,
  shard: Shard,
  heads: FoundHeads['heads'],
): readonly (readonly [ConversationId, BriefHead])[] {
  const upTo = unfolded.shards.get(shard)?.upTo;
  return [...heads].flatMap(([id, recentHead]) => {
    const [brief, row] = [recentToBrief(recentHead), memberships.get(id)];
    return brief && row && upTo !== undefined && isForMember(brief, row, upTo) ? [[id, brief] as const] : [];
  });
}

/**
 * The row says that they are a member as of `upTo`; does it say so as of this head, and that its last message is theirs to read? What it
 * does not say, the state does.
 */
function isForMember({ position, meta, outline, lastMessage }: BriefHead, row: MembershipRow, upTo: Position): boolean {
  if (meta > upTo || row.position > position) return false;
  return lastMessage === undefined || outline.settings.history === 'shared' || lastMessage.position >= row.position;
}

// A user's conversations, latest activity first. Assembled on read from memberships and heads: a message writes one head,
// however many members there are. Heads come from where many are found at once, or from the rows (docs/adr/0010-recent-heads.md).
import { isMember, type ConversationId, type UserId } from '@parley/domain';
import { createFreshReads, type FreshReadsDependencies } from '../fresh-reads.ts';
import { briefHeadFor, type BriefHead } from './brief-head.ts';
import { conversations, type ConversationHead, type ConversationStore, type MembershipRow } from './conversations.ts';
import { findListed, type ListedRecent, type Listing } from './listed-recent.ts';
import type { RecentHeads } from './recent-heads.ts';

export interface ConversationList {
  /**
   * Every conversation the user is a member of now, latest activity first; equal times by id. A last message that is not theirs to read
   * is left out.
   */
  ofUser(userId: UserId): Promise<readonly BriefHead[]>;
}

export interface ConversationListDependencies extends Omit<
  FreshReadsDependencies<ConversationHead, MembershipRow>,
  'projection' | 'store'
> {
  readonly store: ConversationStore;
  /** Of the same generation as the store. */
  readonly recent?: Pick<RecentHeads, 'find' | 'offer'> | undefined;
}

/** Heads asked for in one request to the store. */
const headsPerRequestMax = 500;

export function createConversationList(deps: ConversationListDependencies): ConversationList {
  const { store, recent } = deps;
  const fresh = createFreshReads({ ...deps, projection: conversations });

  return {
    async ofUser(userId) {
      // The tail first: what the projector stores meanwhile is then in one of the two, or in both.
      const unfolded = await fresh.unfolded();
      const memberships = presentOf(await store.membershipsOf(userId), { userId, unfolded });
      const listing = { userId, unfolded, memberships };
      const found = recent ? await findListed(recent, listing) : NOTHING_FOUND;
      const rows = await headsOf(
        [...memberships.keys()].filter((id) => !found.heads.has(id)),
        unfolded,
      );
      found.offer(rows);
      const seen = rows.flatMap((head) => (isMember(head.state, userId) ? (briefHeadFor(head, userId) ?? []) : []));
      return [...found.heads.values(), ...seen].toSorted(byActivity);
    },
  };

  async function headsOf(
    ids: readonly ConversationId[],
    { conversations: moved }: Listing['unfolded'],
  ): Promise<readonly ConversationHead[]> {
    const newest = new Map<ConversationId, ConversationHead>();
    const keep = (head: ConversationHead): void => {
      if ((newest.get(head.conversationId)?.position ?? 0) < head.position) newest.set(head.conversationId, head);
    };
    for (let from = 0; from < ids.length; from += headsPerRequestMax) {
      (await store.heads(ids.slice(from, from + headsPerRequestMax))).forEach(keep);
    }
    for (const id of ids) {
      const head = moved.get(id)?.head;
      if (head) keep(head);
    }
    return [...newest.values()];
  }
}

const NOTHING_FOUND: ListedRecent = { heads: new Map(), offer: () => undefined };

function presentOf(
  stored: readonly MembershipRow[],
  { userId, unfolded }: Pick<Listing, 'userId' | 'unfolded'>,
): Listing['memberships'] {
  const newest = new Map<ConversationId, MembershipRow>();
  const unstored = [...unfolded.conversations.values()].flatMap((conversation) => conversation.unstored);
  for (const row of [...stored, ...unstored]) {
    const before = newest.get(row.conversationId);
    if (row.userId === userId && (!before || before.position < row.position)) newest.set(row.conversationId, row);
  }
  return new Map([...newest].filter(([, row]) => row.isPresent));
}

const byActivity = (a: BriefHead, b: BriefHead): number =>
  b.lastActivityTs - a.lastActivityTs || (a.conversationId < b.conversationId ? -1 : 1);

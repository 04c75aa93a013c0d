// A user's conversations, latest activity first. Assembled on read from memberships and heads: a message writes one head,
// however many members there are.
import { isMember, type ConversationId, type UserId } from '@parley/domain';
import { createFreshReads, type FreshReadsDependencies } from '../fresh-reads.ts';
import { conversations, type ConversationHead, type ConversationStore, type MembershipRow } from './conversations.ts';

export interface ConversationList {
  /** Every conversation the user is a member of now, latest activity first; equal times by id. */
  ofUser(userId: UserId): Promise<readonly ConversationHead[]>;
}

export interface ConversationListDependencies extends Omit<
  FreshReadsDependencies<ConversationHead, MembershipRow>,
  'projection' | 'store'
> {
  readonly store: ConversationStore;
}

/** Heads asked for in one request to the store. */
const headsPerRequestMax = 500;

export function createConversationList(deps: ConversationListDependencies): ConversationList {
  const fresh = createFreshReads({ ...deps, projection: conversations });

  return {
    async ofUser(userId) {
      // The tail first: what the projector stores meanwhile is then in one of the two, or in both.
      const unfolded = await fresh.unfolded();
      const ids = new Set<ConversationId>();
      for (const row of await deps.store.membershipsOf(userId)) if (row.isPresent) ids.add(row.conversationId);
      for (const { unstored } of unfolded.values()) {
        for (const row of unstored) if (row.userId === userId) ids.add(row.conversationId);
      }
      const heads = await headsOf([...ids], unfolded);
      return heads.filter(({ state }) => isMember(state, userId)).toSorted(byActivity);
    },
  };

  async function headsOf(ids: readonly ConversationId[], unfolded: Awaited<ReturnType<typeof fresh.unfolded>>) {
    const newest = new Map<ConversationId, ConversationHead>();
    const keep = (head: ConversationHead): void => {
      if ((newest.get(head.conversationId)?.position ?? 0) < head.position) newest.set(head.conversationId, head);
    };
    for (let from = 0; from < ids.length; from += headsPerRequestMax) {
      (await deps.store.heads(ids.slice(from, from + headsPerRequestMax))).forEach(keep);
    }
    for (const id of ids) {
      const head = unfolded.get(id)?.head;
      if (head) keep(head);
    }
    return [...newest.values()];
  }
}

const byActivity = (a: ConversationHead, b: ConversationHead): number =>
  b.lastActivityTs - a.lastActivityTs || (a.conversationId < b.conversationId ? -1 : 1);

// Conversations: for each one its state and a preview of its last message; for each user the conversations they are or
// were in. It answers "my conversations" and lets states load without folding from the first event.
import {
  evolve,
  isConversationEvent,
  isMember,
  isMessageEvent,
  NO_CONVERSATION,
  NO_POSITION,
  requiredMeta,
  type ConversationEvent,
  type ConversationId,
  type ConversationState,
  type MessageEvent,
  type Position,
  type StoredEvent,
  type TimestampMs,
  type UserId,
} from '@parley/domain';
import type {
  Folded,
  Head,
  ProjectionContents,
  ProjectionStore,
  RefoldableStore,
  VerifiableProjection,
} from '../projection.ts';

export interface ConversationHead extends Head {
  readonly prev: Position;
  /** Accepted messages so far. */
  readonly ordinal: number;
  /** Position of the last accepted `.meta` event: `state` is as of there. */
  readonly meta: Position;
  readonly state: ConversationState;
  readonly lastActivityTs: TimestampMs;
  /** The last accepted message. */
  readonly lastMessage?: StoredEvent<MessageEvent>;
}

/** One conversation in one user's list; rewritten whenever that user joins or parts. */
export interface MembershipRow {
  readonly userId: UserId;
  readonly conversationId: ConversationId;
  /** Of the event that made it so; the higher one wins. */
  readonly position: Position;
  readonly isPresent: boolean;
}

export const conversations: VerifiableProjection<ConversationHead, MembershipRow> = {
  name: 'conversations',
  version: 1,
  fold(head, stored) {
    return isConversationEvent(stored) ? foldMeta(head, stored) : { head: nextHead(head, stored), rows: [] };
  },
  place: ({ conversationId, position, userId: key }) => ({ conversationId, position, key }),
};

function foldMeta(
  head: ConversationHead | undefined,
  stored: StoredEvent<ConversationEvent>,
): Folded<ConversationHead, MembershipRow> {
  const next = nextHead(head, stored);
  const rows = concerned(stored.event).map((userId) => ({
    userId,
    conversationId: stored.conversationId,
    position: stored.position,
    isPresent: isMember(next.state, userId),
  }));
  return { head: next, rows };
}

function nextHead(head: ConversationHead | undefined, stored: StoredEvent): ConversationHead {
  const state = head?.state ?? NO_CONVERSATION;
  const lastMessage = isMessageEvent(stored) ? stored : head?.lastMessage;
  return {
    conversationId: stored.conversationId,
    position: stored.position,
    prev: head?.position ?? NO_POSITION,
    ordinal: (head?.ordinal ?? 0) + (isMessageEvent(stored) ? 1 : 0),
    meta: requiredMeta(stored),
    state: isConversationEvent(stored) ? evolve(state, stored) : state,
    lastActivityTs: stored.storedTs,
    ...(lastMessage === undefined ? {} : { lastMessage }),
  };
}

/** Whose membership an event may have changed. */
function concerned(event: ConversationEvent): readonly UserId[] {
  switch (event.type) {
    case 'conversation.created':
      return event.memberIds;
    case 'conversation.members_added':
      return event.userIds;
    case 'conversation.member_removed':
    case 'conversation.member_left':
      return [event.userId];
    case 'conversation.renamed':
    case 'conversation.settings_changed':
    case 'conversation.role_changed':
      return [];
  }
}

export interface ConversationStore
  extends ProjectionStore<ConversationHead, MembershipRow>, RefoldableStore, ProjectionContents<MembershipRow> {
  /** Every conversation the user is or was in, in no order. */
  membershipsOf(userId: UserId): Promise<readonly MembershipRow[]>;
}

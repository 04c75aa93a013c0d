// From facts in the log to what clients are told. Pure: delivery, resume and pages all use these, so that an entry looks the
// same whichever way it came.
import {
  evolve,
  NO_CONVERSATION,
  type ConversationEvent,
  type ConversationState,
  type MessageEvent,
  type MessageSent,
  type Position,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { conversationSummary, type ConversationSummary } from './conversation-summary.ts';
import type { ConversationChange, ConversationFrame } from './entry-frames.ts';
import { positionToText } from './ids.ts';
import type { MessageFrame } from './message-frame.ts';

/** A fact, and the position of the conversation's previous fact that is not void (0: none). */
export interface Entry<Event extends ConversationEvent | MessageEvent> {
  readonly stored: StoredEvent<Event>;
  readonly prev: Position;
}

export function messageFrame({ stored, prev }: Entry<MessageEvent>): MessageFrame {
  const { event } = stored;
  return {
    type: 'message',
    conversation_id: stored.conversationId,
    message_id: positionToText(stored.position),
    prev_id: positionToText(prev),
    sender_id: stored.actorId,
    client_msg_id: event.clientMsgId,
    body: event.body,
    body_type: event.bodyType,
    server_ts: stored.storedTs,
    ...optionalContent(event),
  };
}

const optionalContent = ({ replyTo, threadId, mentions }: MessageSent): Partial<MessageFrame> => ({
  ...(replyTo === undefined ? {} : { reply_to: positionToText(replyTo) }),
  ...(threadId === undefined ? {} : { thread_id: positionToText(threadId) }),
  ...(mentions === undefined
    ? {}
    : { mentions: mentions.map(({ userId, offset, length }) => ({ user_id: userId, offset, length })) }),
});

export interface ConversationEntry extends Entry<ConversationEvent> {
  /**
   * Puts a summary into `created` and `members_added`, as this viewer sees this state (at or after the event). Without it,
   * `created` shows the conversation as it began, without `peer_id`, and `members_added` shows none.
   */
  readonly summaryFor?: { readonly state: ConversationState; readonly viewerId: UserId };
}

export function conversationFrame(entry: ConversationEntry): ConversationFrame {
  const { stored, prev } = entry;
  return {
    type: 'conversation',
    conversation_id: stored.conversationId,
    position: positionToText(stored.position),
    prev_id: positionToText(prev),
    actor_id: stored.actorId,
    server_ts: stored.storedTs,
    event: conversationChange(entry),
  };
}

function conversationChange(entry: ConversationEntry): ConversationChange {
  const { event } = entry.stored;
  switch (event.type) {
    case 'conversation.created':
      return { type: 'created', conversation: summaryOf(entry) ?? firstSummary(entry.stored) };
    case 'conversation.members_added': {
      const conversation = summaryOf(entry);
      return {
        type: 'members_added',
        user_ids: event.userIds,
        role: event.role,
        ...(conversation === undefined ? {} : { conversation }),
      };
    }
    case 'conversation.renamed':
      return { type: 'renamed', name: event.name };
    case 'conversation.settings_changed':
      return { type: 'settings_changed', settings: { history: event.settings.history } };
    case 'conversation.role_changed':
      return { type: 'role_changed', user_id: event.userId, role: event.role };
    case 'conversation.member_removed':
      return { type: 'member_removed', user_id: event.userId };
    case 'conversation.member_left':
      return { type: 'member_left', user_id: event.userId };
  }
}

function summaryOf({ stored, summaryFor }: ConversationEntry): ConversationSummary | undefined {
  if (summaryFor?.state.type !== 'open') return undefined;
  const { state, viewerId } = summaryFor;
  return conversationSummary({ conversationId: stored.conversationId, state, viewerId });
}

function firstSummary(stored: StoredEvent<ConversationEvent>): ConversationSummary {
  const state = evolve(NO_CONVERSATION, stored);
  if (state.type === 'none') throw new Error('a conversation that was created is open');
  return conversationSummary({ conversationId: stored.conversationId, state });
}

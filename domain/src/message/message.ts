// What is said in a conversation. Decided on the conversation's state, stored only while that state is the last one, so
// what is acked was allowed, in log order. Each message is a fact of its own: deciding needs no state but the conversation's.
import { isMember, type ConversationState } from '../conversation/conversation.ts';
import { accepted, refused, type Decision } from '../decider.ts';
import type { ClientMessageId, Position, UserId } from '../ids.ts';

// Events

export type MessageEvent = MessageSent;

export interface MessageSent {
  readonly type: 'message.sent';
  readonly clientMsgId: ClientMessageId;
  readonly body: string;
  readonly bodyType: 'text';
  readonly replyTo?: Position;
  readonly threadId?: Position;
  readonly mentions?: readonly Mention[];
}

/** `offset` and `length` in UTF-16 code units of the body, as JavaScript counts. */
export interface Mention {
  readonly userId: UserId;
  readonly offset: number;
  readonly length: number;
}

// Commands

export type MessageCommand = SendMessage;

export interface SendMessage {
  readonly type: 'send';
  readonly actorId: UserId;
  readonly message: Omit<MessageSent, 'type'>;
}

export type MessageRefusal = { readonly type: 'NoSuchConversation' } | { readonly type: 'NotAMember' };

// Decide

export function decideMessage(
  command: MessageCommand,
  state: ConversationState,
): Decision<MessageEvent, MessageRefusal> {
  if (state.type === 'none') return refused({ type: 'NoSuchConversation' });
  if (!isMember(state, command.actorId)) return refused({ type: 'NotAMember' });
  return accepted({ type: 'message.sent', ...command.message });
}

// What happened, as everyone behind the log means it: the facts, and the envelope that stores them.
// How a fact becomes bytes, and which versions of it exist, is the log adapter's business (`infra/nats/codec.ts`).
import type { ConversationEvent } from './conversation/conversation.ts';
import type { ConversationId, Position, UserId } from './ids.ts';
import type { MessageEvent } from './message/message.ts';
import type { TimestampMs } from './world.ts';

export type ChatEvent = ConversationEvent | MessageEvent;

/** A fact that wants to be stored. */
export interface NewEvent<Event extends ChatEvent = ChatEvent> {
  readonly conversationId: ConversationId;
  readonly actorId: UserId;
  readonly event: Event;
  /** The conversation's last `.meta` position it was decided on; it is stored only while that is still the last one. */
  readonly decidedOn: Position;
  /** Stored later than this, it is void (ADR 6). */
  readonly notAfterTs: TimestampMs;
  /** 128-bit hash of what makes a retry the same; the log stores one event for it within its window. */
  readonly idempotencyKey: string;
  /** Hash of what the client asked for: the same id with other content is a mistake, not a retry. */
  readonly bodyHash: string;
}

/** A fact in the log. */
export interface StoredEvent<Event extends ChatEvent = ChatEvent> extends NewEvent<Event> {
  readonly position: Position;
  /** The log's own clock when it was stored. */
  readonly storedTs: TimestampMs;
}

/** Facts about the conversation itself live on its `.meta` subject, everything said in it on `.msg`. */
export function isConversationEvent(stored: StoredEvent): stored is StoredEvent<ConversationEvent> {
  return stored.event.type !== 'message.sent';
}

export function isMessageEvent(stored: StoredEvent): stored is StoredEvent<MessageEvent> {
  return stored.event.type === 'message.sent';
}

/** The oldest conversation state under which this event may be shown, fanned out or counted. */
export const requiredMeta = (stored: StoredEvent): Position =>
  isConversationEvent(stored) ? stored.position : stored.decidedOn;

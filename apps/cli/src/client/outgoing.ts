// A message on its way out, as the application sees it. Each change gives a new value.
import type { ClientMessageId, ConversationId, UserId } from '@parley/domain';
import type { AckFrame, ErrorCode } from '@parley/protocol';

/** A user instead of a conversation opens the direct chat. */
export type Target =
  | { readonly conversationId: ConversationId; readonly toUserId?: never }
  | { readonly toUserId: UserId; readonly conversationId?: never };

export interface Outgoing {
  /** This client's own name for it, from the moment it was handed in. */
  readonly key: number;
  readonly target: Target;
  readonly body: string;
  /** Made when it is first sent; a retry carries the same one. */
  readonly clientMsgId?: ClientMessageId;
  readonly state: OutgoingState;
}

export type OutgoingState =
  /** Waits for the connection, for an earlier one to the same target, or for the pause before a retry. */
  | { readonly type: 'waiting' }
  | { readonly type: 'sending' }
  /** Durable in the log at `ack.position`. */
  | { readonly type: 'sent'; readonly ack: AckFrame }
  /** Refused for good, unless `retry` is asked for. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };

/** Messages to one target keep their order: they go one after the other. */
export const laneOf = ({ conversationId, toUserId }: Target): string => conversationId ?? `@${toUserId}`;

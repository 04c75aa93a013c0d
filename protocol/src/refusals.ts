// From what the domain and the gateway refuse to what a client is told: a frame or an RFC 9457 problem document.
import type { AppendRefusal, ConversationRefusal, MessageRefusal } from '@parley/domain';
import { ERRORS, errorRow, type ErrorCode, type ProblemCode } from './errors.ts';
import type { ErrorFrame } from './error-frame.ts';
import type { Problem } from './problem.ts';

/** What the gateway itself refuses. */
export type GatewayRefusal =
  | { readonly type: 'BadFrame'; readonly reason: string }
  | { readonly type: 'UnknownFrame'; readonly frameType: string }
  | { readonly type: 'FrameTooLarge'; readonly bytesMax: number }
  | { readonly type: 'BodyTooLarge'; readonly bytesMax: number }
  | { readonly type: 'NoSuchMessage' }
  | { readonly type: 'NoSuchUser' }
  | { readonly type: 'ClockAhead'; readonly serverTs: number }
  | { readonly type: 'Conflict'; readonly reason: string }
  | { readonly type: 'RateLimited'; readonly retryAfterMs: number }
  | { readonly type: 'Internal' };

/** `Stale` is missing: it is decided again, never told. */
export type Refusal = ConversationRefusal | MessageRefusal | Exclude<AppendRefusal, { type: 'Stale' }> | GatewayRefusal;

/** A refusal in the wire's words, not yet a frame or a problem document. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
  /** With `clock_ahead`: the time to correct by. */
  readonly server_ts?: number;
}

export function refusalToError(refusal: Refusal): WireError {
  switch (refusal.type) {
    case 'NoSuchConversation':
      return wireError('no_such_conversation');
    case 'NotAMember':
      return wireError('not_a_member');
    case 'NoSuchMember':
      return wireError('no_such_user', 'This user is not a member of the conversation.');
    case 'Forbidden':
      return wireError('forbidden', `You may not do this: ${refusal.reason}.`);
    case 'InvalidConversation':
      return wireError('bad_frame', refusal.reason);
    case 'TooManyMembers':
      return wireError('conflict', `A group has at most ${refusal.max} members.`);
    case 'IdempotencyMismatch':
      return wireError('idempotency_mismatch');
    case 'Overloaded':
      return { ...wireError('overloaded'), retry_after_ms: refusal.retryAfterMs };
    case 'Unavailable':
      return { ...wireError('unavailable'), retry_after_ms: refusal.retryAfterMs };
    default:
      return gatewayRefusalToError(refusal);
  }
}

function gatewayRefusalToError(refusal: GatewayRefusal): WireError {
  switch (refusal.type) {
    case 'BadFrame':
      return wireError('bad_frame', refusal.reason);
    case 'UnknownFrame':
      return wireError('unknown_frame', `The server does not know frames of type "${refusal.frameType}".`);
    case 'FrameTooLarge':
      return wireError('frame_too_large', `A frame has at most ${refusal.bytesMax} bytes.`);
    case 'BodyTooLarge':
      return wireError('body_too_large', `A body has at most ${refusal.bytesMax} bytes of UTF-8.`);
    case 'NoSuchMessage':
      return wireError('no_such_message');
    case 'NoSuchUser':
      return wireError('no_such_user');
    case 'ClockAhead':
      return { ...wireError('clock_ahead'), server_ts: refusal.serverTs };
    case 'Conflict':
      return wireError('conflict', refusal.reason);
    case 'RateLimited':
      return { ...wireError('rate_limited'), retry_after_ms: refusal.retryAfterMs };
    case 'Internal':
      return wireError('internal');
  }
}

const wireError = (code: ErrorCode, message: string = ERRORS[code].text): WireError => ({
  code,
  message,
  retryable: ERRORS[code].retryable,
});

/** What of a client's frame comes back with its error. */
export interface FrameContext {
  readonly ref?: string;
  readonly client_msg_id?: string;
  readonly conversation_id?: string;
}

export const errorFrame = (error: WireError, context: FrameContext = {}): ErrorFrame => ({
  type: 'error',
  ...error,
  ...pickContext(context),
});

/** Takes only the three fields, so that a whole frame can be handed in. */
const pickContext = ({ ref, client_msg_id, conversation_id }: FrameContext): FrameContext => ({
  ...(ref === undefined ? {} : { ref }),
  ...(client_msg_id === undefined ? {} : { client_msg_id }),
  ...(conversation_id === undefined ? {} : { conversation_id }),
});

/** An RFC 9457 document; its media type is `application/problem+json`. */
export const problem = (error: WireError, requestId: string): Problem => {
  const { code, message, retryable, ...rest } = error;
  return { ...problemHead(code, message), retryable, ...rest, request_id: requestId };
};

/** A problem for which there is no refusal: HTTP's own, or a code with the table's text. */
export const httpProblem = (code: ProblemCode, requestId: string): Problem => ({
  ...problemHead(code, errorRow(code).text),
  retryable: errorRow(code).retryable,
  request_id: requestId,
});

const problemHead = (code: ProblemCode, detail: string) => ({
  type: `urn:parley:error:${code}`,
  title: errorRow(code).text,
  status: errorRow(code).httpStatus,
  detail,
  code,
});

// A message's way into the log: which path its id takes, decide and append, and what a repeat of it is answered.
import {
  ACCEPTANCE,
  decideMessage,
  idPath,
  isMessageEvent,
  isVoid,
  notAfterLookUp,
  shardOf,
  type ConversationId,
  type Digest,
  type MessageRefusal,
  type MessageSent,
  type Position,
  type StoredEvent,
  type TimestampMs,
  type UserId,
  type World,
} from '@parley/domain';
import type { TimelineQueries } from '@parley/projections';
import { handleCommand, type CommandHandling } from './handle-command.ts';
import { inLine, overloadedRetryMs, type KeyedQueue, type Overloaded } from './keyed-queue.ts';

export interface SendRequest {
  readonly conversationId: ConversationId;
  readonly senderId: UserId;
  readonly message: Omit<MessageSent, 'type'>;
  /** Of who traces it (W3C Trace Context). */
  readonly traceparent?: string | undefined;
}

export type SendOutcome = Sent | SendRefusal;

export interface Sent {
  readonly type: 'Sent';
  readonly position: Position;
  readonly duplicate: boolean;
}

type SendRefusal =
  | MessageRefusal
  | { readonly type: 'ClockAhead' }
  | { readonly type: 'IdempotencyMismatch' }
  | { readonly type: 'Overloaded'; readonly retryAfterMs: number }
  | { readonly type: 'Unavailable'; readonly retryAfterMs: number };

export interface Sending extends CommandHandling {
  readonly timeline: Pick<TimelineQueries, 'byClientMessageId'>;
  readonly world: World;
  readonly digest: Digest;
  /** Keeps one sender's order in one conversation, look-ups included. */
  readonly queue: KeyedQueue;
}

/** A refusal is final: no earlier copy of this id was stored, and none can be any more. */
export async function sendMessage(sending: Sending, request: SendRequest): Promise<SendOutcome> {
  return inTurn(sending, request, () => sendNow(sending, request));
}

/** For what must be done in the sender's turn before the message itself: opening the direct chat it goes to. */
export async function inTurn<Outcome>(
  { queue }: Pick<Sending, 'queue'>,
  { conversationId, senderId }: Pick<SendRequest, 'conversationId' | 'senderId'>,
  work: () => Promise<Outcome>,
): Promise<Outcome | Overloaded> {
  return inLine(queue, `${conversationId} ${senderId}`, work);
}

/** `sendMessage` for a caller that holds the sender's turn. */
export async function sendNow(sending: Sending, request: SendRequest): Promise<SendOutcome> {
  const startedTs = sending.world.now();
  const path = idPath(request.message.clientMsgId, startedTs);
  if (path.type === 'clock-ahead') return { type: 'ClockAhead' };
  const bodyHash = hashOf(sending.digest, request);
  if (path.type === 'fast') return append(sending, { ...request, bodyHash, notAfterTs: path.notAfterTs });
  const stored = await lookUp(sending, request);
  if (stored) return answerRepeat(stored, bodyHash);
  const notAfterTs = notAfterLookUp(startedTs, sending.world.now());
  if (notAfterTs === undefined) return { type: 'Unavailable', retryAfterMs: overloadedRetryMs };
  return append(sending, { ...request, bodyHash, notAfterTs });
}

type Attempt = SendRequest & { readonly bodyHash: string; readonly notAfterTs: TimestampMs };

async function append(sending: Sending, attempt: Attempt): Promise<SendOutcome> {
  const { conversationId, senderId, message, bodyHash, notAfterTs, traceparent } = attempt;
  const outcome = await handleCommand(sending, {
    conversationId,
    actorId: senderId,
    decide: (state) => decideMessage({ type: 'send', actorId: senderId, message }, state),
    idempotencyKey: sending.digest(`${conversationId} ${senderId} send ${message.clientMsgId}`),
    bodyHash,
    notAfterTs,
    traceparent,
  });
  switch (outcome.type) {
    case 'Appended':
      return outcome.duplicate ? answerDuplicate(sending, attempt, outcome.position) : sent(outcome.position, false);
    case 'Refused': {
      // The sender may have been a member when an earlier copy was stored: then this is a repeat, not an offence.
      const stored = await lookUp(sending, attempt);
      return stored ? answerRepeat(stored, bodyHash) : outcome.refusal;
    }
    case 'Unchanged':
      throw new Error('a message is never already so');
    default:
      return outcome;
  }
}

const lookUp = async (sending: Sending, { conversationId, senderId, message }: SendRequest) =>
  (await sending.timeline.byClientMessageId({ conversationId, senderId, clientMsgId: message.clientMsgId }))?.stored;

async function answerDuplicate(sending: Sending, attempt: Attempt, position: Position): Promise<SendOutcome> {
  const original = await sending.log.readOne(shardOf(attempt.conversationId, sending.log.shards), position);
  if (!original) throw new Error(`${attempt.conversationId}: the log has no event at ${position}, which it acked`);
  if (!isVoid(original)) return answerRepeat(original, attempt.bodyHash);
  // Once the log's window has forgotten the void copy, the id is old enough to take the look-up.
  const retryAfterMs = original.storedTs + ACCEPTANCE.dedupWindowMs - sending.world.now();
  return { type: 'Unavailable', retryAfterMs: Math.max(overloadedRetryMs, retryAfterMs) };
}

const answerRepeat = (original: StoredEvent, bodyHash: string): SendOutcome =>
  isMessageEvent(original) && original.bodyHash === bodyHash
    ? sent(original.position, true)
    : { type: 'IdempotencyMismatch' };

const sent = (position: Position, duplicate: boolean): Sent => ({ type: 'Sent', position, duplicate });

/** Of what was said, not of how this version stores it: the same after an upgrade of the event's form. */
function hashOf(digest: Digest, { message }: SendRequest): string {
  const { body, bodyType, replyTo, threadId, mentions } = message;
  const said = mentions?.map(({ userId, offset, length }) => [userId, offset, length]);
  return digest(JSON.stringify([body, bodyType, replyTo ?? 0, threadId ?? 0, said ?? []]));
}

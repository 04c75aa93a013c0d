// Histories for tests: accepted events of a few conversations of one shard, in log order, odd ids and odd texts included.
// Not every one could have been decided (someone removed who was never there): a fold must not care.
import {
  DEFAULT_SETTINGS,
  isConversationEvent,
  NO_POSITION,
  position,
  type ChatEvent,
  type ClientMessageId,
  type ConversationId,
  type Position,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import fc from 'fast-check';
import type { Batch, Head, Projection } from '../projection.ts';

export const userIds = [
  'ada',
  'bob',
  '__proto__',
  'constructor',
  'Z'.repeat(64),
] as readonly string[] as readonly UserId[];
export const conversationIds = [
  'g_one',
  '__proto__',
  `d_${'-'.repeat(62)}`,
] as readonly string[] as readonly ConversationId[];

/** A different id for every number. */
export const clientMessageId = (number: number): ClientMessageId =>
  `0190a0b0-0000-7000-8000-${String(number).padStart(12, '0')}` as ClientMessageId;

const startTs = 1_800_000_000_000;

/** A stored event; what a test does not care about is filled in. */
export function storedEvent(given: Pick<StoredEvent, 'position' | 'event'> & Partial<StoredEvent>): StoredEvent {
  const storedTs = startTs + (given.position % 1_000_000);
  return {
    conversationId: 'g_one' as ConversationId,
    actorId: 'ada' as UserId,
    decidedOn: NO_POSITION,
    notAfterTs: storedTs + 30_000,
    idempotencyKey: `key-${given.position}`,
    bodyHash: `hash-${given.position}`,
    storedTs,
    ...given,
  };
}

interface Step {
  readonly conversationId: ConversationId;
  readonly actorId: UserId;
  readonly event: ChatEvent;
  /** Void or other conversations' events before it. */
  readonly gap: number;
}

const userId = fc.constantFrom(...userIds);
const body = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', '\0', '👍🏽', "it's; --"));

const messageSent: fc.Arbitrary<ChatEvent> = fc
  .record({ body, number: fc.nat(1_000_000_000), isReply: fc.boolean(), userId })
  .map(({ body, number, isReply, userId }) => ({
    type: 'message.sent',
    clientMsgId: clientMessageId(number),
    body,
    bodyType: 'text',
    ...(isReply ? { replyTo: position(number), mentions: [{ userId, offset: 0, length: 1 }] } : {}),
  }));

const created: fc.Arbitrary<ChatEvent> = fc.uniqueArray(userId, { minLength: 1 }).map((memberIds) => ({
  type: 'conversation.created',
  kind: 'group',
  memberIds,
  name: memberIds.join('\n'),
  settings: DEFAULT_SETTINGS,
}));

const membersChanged: fc.Arbitrary<ChatEvent> = fc.oneof(
  fc.uniqueArray(userId).map((userIds) => ({ type: 'conversation.members_added', userIds, role: 'admin' }) as const),
  userId.map((userId) => ({ type: 'conversation.member_removed', userId }) as const),
  userId.map((userId) => ({ type: 'conversation.member_left', userId }) as const),
);

const managed: fc.Arbitrary<ChatEvent> = fc.oneof(
  body.map((name) => ({ type: 'conversation.renamed', name }) as const),
  fc
    .constantFrom('shared' as const, 'since_join' as const)
    .map((history) => ({ type: 'conversation.settings_changed', settings: { history } }) as const),
  userId.map((userId) => ({ type: 'conversation.role_changed', userId, role: 'owner' }) as const),
);

const event = fc.oneof(
  { weight: 4, arbitrary: messageSent },
  { weight: 1, arbitrary: created },
  { weight: 3, arbitrary: membersChanged },
  { weight: 1, arbitrary: managed },
);

const step: fc.Arbitrary<Step> = fc
  .record({ conversationId: fc.constantFrom(...conversationIds), actorId: userId, event, gap: fc.nat(2) })
  .map((step) => ({ ...step, event: withCreator(step.event, step.actorId) }));

/** Whoever creates a group is among its members: the event's own promise. */
function withCreator(event: ChatEvent, actorId: UserId): ChatEvent {
  if (event.type !== 'conversation.created') return event;
  return { ...event, memberIds: [...new Set([actorId, ...event.memberIds])] };
}

export const history = (maxLength = 40): fc.Arbitrary<readonly StoredEvent[]> =>
  fc.array(step, { maxLength, size: 'max' }).map(toHistory);

function toHistory(steps: readonly Step[]): readonly StoredEvent[] {
  const metas = new Map<ConversationId, Position>();
  let last = 0;
  return steps.map(({ gap, ...step }) => {
    last += 1 + gap;
    const decidedOn = metas.get(step.conversationId) ?? NO_POSITION;
    const stored = storedEvent({ ...step, position: position(last), decidedOn });
    if (isConversationEvent(stored)) metas.set(stored.conversationId, stored.position);
    return stored;
  });
}

/** What a reader writes that is at these heads when these events arrive. */
export function foldBatch<H extends Head, Row>(
  projection: Projection<H, Row>,
  events: readonly StoredEvent[],
  headsBefore: ReadonlyMap<ConversationId, H> = new Map(),
): Batch<H, Row> {
  const heads = new Map(headsBefore);
  const touched = new Set(events.map(({ conversationId }) => conversationId));
  const rows = events.flatMap((stored) => {
    const folded = projection.fold(heads.get(stored.conversationId), stored);
    heads.set(stored.conversationId, folded.head);
    return folded.rows;
  });
  return {
    rows,
    heads: [...heads.values()].filter(({ conversationId }) => touched.has(conversationId)),
    parked: [],
    checkpoint: events.at(-1)?.position ?? NO_POSITION,
  };
}

/** Heads after these events. */
export const foldHeads = <H extends Head, Row>(
  projection: Projection<H, Row>,
  events: readonly StoredEvent[],
): ReadonlyMap<ConversationId, H> =>
  new Map(foldBatch(projection, events).heads.map((head) => [head.conversationId, head]));

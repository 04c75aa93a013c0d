import {
  conversation,
  DEFAULT_SETTINGS,
  isConversationEvent,
  isMember,
  position,
  wasMemberAt,
  type ChatEvent,
  type ConversationId,
  type ConversationState,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clientMessageId,
  conversationIds,
  foldBatch,
  foldHeads,
  history,
  storedEvent,
  userIds,
} from '../testing/history.ts';
import { conversations, type ConversationHead } from './conversations.ts';

const here = 'g_one' as ConversationId;
const [ada, bob, proto] = ['ada', 'bob', '__proto__'].map((id) => id as UserId) as [UserId, UserId, UserId];

const at = (place: number, event: ChatEvent, decidedOn = 0): StoredEvent =>
  storedEvent({ position: position(place), event, decidedOn: position(decidedOn) });

const created = (place: number, memberIds: readonly UserId[]): StoredEvent =>
  at(place, { type: 'conversation.created', kind: 'group', memberIds, settings: DEFAULT_SETTINGS });

const message = (place: number, decidedOn: number): StoredEvent =>
  at(place, { type: 'message.sent', clientMsgId: clientMessageId(place), body: 'hello', bodyType: 'text' }, decidedOn);

function headOf(events: readonly StoredEvent[]): ConversationHead {
  const head = foldHeads(conversations, events).get(here);
  if (head === undefined) throw new Error('no events');
  return head;
}

describe('conversations', () => {
  test('a new conversation is in the list of each of its members', () => {
    const { rows } = foldBatch(conversations, [created(1, [ada, bob, proto])]);
    expect(rows).toStrictEqual(
      [ada, bob, proto].map((userId) => ({ userId, conversationId: here, position: 1, isPresent: true })),
    );
  });

  test('who leaves or is removed keeps the conversation in the list, as a former member', () => {
    const given = headOf([created(1, [ada, bob, proto])]);
    const leaves = conversations.fold(given, at(2, { type: 'conversation.member_left', userId: bob }));
    expect(leaves.rows).toStrictEqual([{ userId: bob, conversationId: here, position: 2, isPresent: false }]);
    const removed = conversations.fold(leaves.head, at(3, { type: 'conversation.member_removed', userId: proto }));
    expect(removed.rows).toStrictEqual([{ userId: proto, conversationId: here, position: 3, isPresent: false }]);
  });

  test('a former member was one until then, and is none now', () => {
    const { state } = headOf([created(1, [ada, bob]), at(5, { type: 'conversation.member_left', userId: bob })]);
    expect([1, 5, 6].map((place) => wasMemberAt(state, bob, position(place)))).toStrictEqual([true, true, false]);
    expect(isMember(state, bob)).toBe(false);
  });

  test('who comes back is present again, with both of the times', () => {
    const events = [
      created(1, [ada, bob]),
      at(3, { type: 'conversation.member_left', userId: bob }),
      at(7, { type: 'conversation.members_added', userIds: [bob], role: 'member' }),
    ];
    expect(foldBatch(conversations, events).rows.at(-1)).toMatchObject({ userId: bob, position: 7, isPresent: true });
    const { state } = headOf(events);
    expect([2, 5, 8].map((place) => wasMemberAt(state, bob, position(place)))).toStrictEqual([true, false, true]);
  });

  test('a message moves the head and its preview, and nobody’s membership', () => {
    const given = headOf([created(1, [ada, bob])]);
    const said = message(4, 1);
    const { head, rows } = conversations.fold(given, said);
    expect(rows).toStrictEqual([]);
    expect(head).toMatchObject({ position: 4, prev: 1, ordinal: 1, meta: 1, lastMessage: said });
    expect(head.state).toBe(given.state);
  });

  test('an event of the conversation leaves preview and count, and is activity', () => {
    const said = message(4, 1);
    const leaves = at(9, { type: 'conversation.member_left', userId: bob }, 1);
    const head = headOf([created(1, [ada, bob]), said, leaves]);
    expect(head).toMatchObject({ ordinal: 1, lastMessage: said, lastActivityTs: leaves.storedTs, meta: 9 });
  });

  test('the state of any history is what the domain makes of its conversation events', () => {
    const property = fc.property(history(), (events) => {
      for (const [id, head] of foldHeads(conversations, events)) {
        const facts = events.filter((stored) => stored.conversationId === id).filter(isConversationEvent);
        const { initialState } = conversation;
        const state = facts.reduce<ConversationState>((state, fact) => conversation.evolve(state, fact), initialState);
        expect(head.state).toStrictEqual(state);
      }
    });
    fc.assert(property);
  });

  test('the last row of a user and a conversation says what the state says', () => {
    const property = fc.property(history(), (events) => {
      const { rows } = foldBatch(conversations, events);
      const heads = foldHeads(conversations, events);
      for (const conversationId of conversationIds) {
        for (const userId of userIds) {
          const last = rows.findLast((row) => row.userId === userId && row.conversationId === conversationId);
          const state = heads.get(conversationId)?.state ?? conversation.initialState;
          expect(last?.isPresent ?? false).toBe(isMember(state, userId));
        }
      }
    });
    fc.assert(property);
  });

  test('any history in any two batches gives the rows and heads of one', () => {
    const property = fc.property(history(), fc.nat(40), (events, cut) => {
      const before = foldHeads(conversations, events.slice(0, cut));
      const [first, second] = [
        foldBatch(conversations, events.slice(0, cut)),
        foldBatch(conversations, events.slice(cut), before),
      ];
      const whole = foldBatch(conversations, events);
      expect([...first.rows, ...second.rows]).toStrictEqual(whole.rows);
      expect(new Map([...before, ...second.heads.map((head) => [head.conversationId, head] as const)])).toStrictEqual(
        foldHeads(conversations, events),
      );
    });
    fc.assert(property);
  });
});

import { NO_POSITION, position, type ConversationId, type StoredEvent, type UserId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientMessageId, foldBatch, foldHeads, history, storedEvent } from '../testing/history.ts';
import { timeline } from './timeline.ts';

const message = (at: number, given: Partial<StoredEvent> = {}): StoredEvent =>
  storedEvent({
    position: position(at),
    event: { type: 'message.sent', clientMsgId: clientMessageId(at), body: 'hello', bodyType: 'text' },
    ...given,
  });

const left = (at: number): StoredEvent =>
  storedEvent({ position: position(at), event: { type: 'conversation.member_left', userId: 'bob' as UserId } });

describe('timeline', () => {
  test('the first event has nothing before it', () => {
    const stored = message(7);
    const { rows, head } = timeline.fold(undefined, stored);
    expect(rows).toStrictEqual([{ stored, prev: NO_POSITION, ordinal: 1 }]);
    expect(head).toMatchObject({ position: 7, prev: NO_POSITION, ordinal: 1 });
  });

  test('each event names the one before it, and only messages are counted', () => {
    const { rows } = foldBatch(timeline, [left(2), message(4), left(5), message(9)]);
    expect(rows.map(({ stored, prev, ordinal }) => [Number(stored.position), Number(prev), ordinal])).toStrictEqual([
      [2, 0, 0],
      [4, 2, 1],
      [5, 4, 1],
      [9, 5, 2],
    ]);
  });

  test('a message needs the state it was decided on, an event of the conversation the state it makes', () => {
    const decidedOn = position(2);
    expect(timeline.fold(undefined, message(4, { decidedOn })).head.meta).toBe(2);
    expect(timeline.fold(undefined, { ...left(5), decidedOn }).head.meta).toBe(5);
  });

  test('what happens in one conversation does not number another', () => {
    const elsewhere = { conversationId: '__proto__' as ConversationId };
    const heads = foldHeads(timeline, [message(1), message(2, elsewhere), message(3)]);
    expect(heads.get('g_one' as ConversationId)).toMatchObject({ position: 3, prev: 1, ordinal: 2 });
    expect(heads.get(elsewhere.conversationId)).toMatchObject({ position: 2, prev: 0, ordinal: 1 });
  });

  test('any history in any two batches gives the rows of one', () => {
    const property = fc.property(history(), fc.nat(40), (events, cut) => {
      const first = foldBatch(timeline, events.slice(0, cut));
      const second = foldBatch(timeline, events.slice(cut), foldHeads(timeline, events.slice(0, cut)));
      expect([...first.rows, ...second.rows]).toStrictEqual(foldBatch(timeline, events).rows);
    });
    fc.assert(property);
  });

  test('rows of a conversation are a chain without a gap, and ordinals rise by one with each message', () => {
    const property = fc.property(history(), (events) => {
      const rows = Map.groupBy(foldBatch(timeline, events).rows, ({ stored }) => stored.conversationId);
      for (const chain of rows.values()) {
        const messages = chain.filter(({ stored }) => stored.event.type === 'message.sent');
        expect(chain.map(({ prev }) => prev)).toStrictEqual(
          [0, ...chain.map(({ stored }) => stored.position)].slice(0, -1),
        );
        expect(messages.map(({ ordinal }) => ordinal)).toStrictEqual(messages.map((_, index) => index + 1));
      }
    });
    fc.assert(property);
  });

  test('folding does not change what it is given', () => {
    const property = fc.property(history(), (events) => {
      const heads = foldHeads(timeline, events);
      const before = structuredClone(heads);
      foldBatch(timeline, events, heads);
      expect(heads).toStrictEqual(before);
    });
    fc.assert(property);
  });
});

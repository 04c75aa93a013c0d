import { position, type ConversationId, type StoredEvent, type UserId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientMessageId, foldBatch, history, storedEvent } from '../testing/history.ts';
import { messagesOf, messagesPerDay, type DayRow } from './messages-per-day.ts';

const [alice, bob] = ['alice', 'bob'] as UserId[] as [UserId, UserId];
const dayMs = 86_400_000;

const said = (at: number, actorId: UserId, days: number): StoredEvent =>
  storedEvent({
    position: position(at),
    actorId,
    storedTs: Math.round(days * dayMs),
    event: { type: 'message.sent', clientMsgId: clientMessageId(at), body: 'hello', bodyType: 'text' },
  });

const told = (events: readonly StoredEvent[]) =>
  foldBatch(messagesPerDay, events).rows.map(({ userId, day, messages }) => [userId, day, messages]);

describe('messages per day', () => {
  test('counts each user apart, from 1 on each day', () => {
    expect(told([said(1, alice, 3.1), said(2, bob, 3.2), said(3, alice, 3.9), said(4, alice, 4)])).toEqual([
      [alice, 3, 1],
      [bob, 3, 1],
      [alice, 3, 2],
      [alice, 4, 1],
    ]);
  });

  test('counts what was said, and nothing else', () => {
    const left = { type: 'conversation.member_left', userId: bob } as const;
    const events = [
      said(1, alice, 3),
      storedEvent({ position: position(2), actorId: alice, storedTs: 3 * dayMs, event: left }),
    ];
    expect(told([...events, said(3, alice, 3)])).toEqual([
      [alice, 3, 1],
      [alice, 3, 2],
    ]);
  });

  test('lets no day begin twice when the clock of the log is set back', () => {
    expect(told([said(1, alice, 3.99), said(2, alice, 4), said(3, alice, 3.99), said(4, alice, 4.1)])).toEqual([
      [alice, 3, 1],
      [alice, 4, 1],
      [alice, 4, 2],
      [alice, 4, 3],
    ]);
  });

  test('adds up to all messages of the user, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(history(), async (events) => {
        const rows = foldBatch(messagesPerDay, events).rows;
        for (const userId of new Set(events.map((event) => event.actorId))) {
          const sums = await messagesOf(userId, {
            find: async () => lastOnes(rows.filter((row) => row.userId === userId)),
          });
          const sent = events.filter((event) => event.actorId === userId && event.event.type === 'message.sent');
          expect([...sums.values()].reduce((sum, count) => sum + count, 0)).toBe(sent.length);
        }
      }),
    );
  });
});

/** Of each key, as a store keeps them. */
const lastOnes = (rows: readonly DayRow[]): readonly DayRow[] => [
  ...new Map(rows.map((row) => [`${row.conversationId} ${row.day}` as ConversationId, row])).values(),
];

// What a timeline's store promises besides what every store does: pages in both orders, and look-ups by the sender's id.
import {
  LIMITS,
  NO_POSITION,
  position,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientMessageId, conversationIds, foldBatch, history, storedEvent } from '../testing/history.ts';
import { describeProjectionStore } from '../projection-store.contract.ts';
import { contractRunsPreset, type OpenStore } from '../testing/store-contract.ts';
import { isInRange, timeline, type TimelineRange, type TimelineRow, type TimelineStore } from './timeline.ts';

const shard = 0 as Shard;
const here = 'g_one' as ConversationId;
const elsewhere = '__proto__' as ConversationId;

export function describeTimelineStore(name: string, open: OpenStore<TimelineStore>, runs = contractRunsPreset): void {
  describe(`timeline store: ${name}`, () => {
    describeProjectionStore({ open, projection: timeline, runs, rowsIn });
    describeRange(open, runs);
    describeByClientMessageId(open);
    describeLimits(open);
  });
}

const wholeRange: TimelineRange = { order: 'oldest-first', limit: 100_000 };

async function rowsIn(store: TimelineStore): Promise<readonly TimelineRow[]> {
  return (await Promise.all(conversationIds.map((id) => store.range(id, wholeRange)))).flat();
}

const message = (at: number, given: Partial<StoredEvent> = {}): StoredEvent =>
  storedEvent({
    position: position(at),
    event: { type: 'message.sent', clientMsgId: clientMessageId(at), body: `message ${at}`, bodyType: 'text' },
    ...given,
  });

const left = (at: number): StoredEvent =>
  storedEvent({ position: position(at), event: { type: 'conversation.member_left', userId: 'bob' as UserId } });

async function write(store: TimelineStore, events: readonly StoredEvent[]): Promise<void> {
  await store.write(shard, foldBatch(timeline, events));
}

const positionsOf = (rows: readonly TimelineRow[]): readonly Position[] => rows.map(({ stored }) => stored.position);

function describeRange(open: OpenStore<TimelineStore>, runs: number): void {
  const events = [
    message(1),
    message(2, { conversationId: elsewhere }),
    left(3),
    message(4),
    message(5),
    left(7),
    message(9),
  ];
  const page = async (range: Partial<TimelineRange>) => {
    await using opened = await open();
    await write(opened.store, events);
    return positionsOf(await opened.store.range(here, { ...wholeRange, ...range }));
  };

  describe('range', () => {
    test('is one conversation in the one order', async () => {
      expect(await page({})).toStrictEqual([1, 3, 4, 5, 7, 9]);
    });

    test('turned round begins at the newest', async () => {
      expect(await page({ order: 'newest-first' })).toStrictEqual([9, 7, 5, 4, 3, 1]);
    });

    test('leaves out both of its ends', async () => {
      expect(await page({ after: position(3), before: position(7) })).toStrictEqual([4, 5]);
    });

    test('keeps to its limit, counted from where the order begins', async () => {
      expect(await page({ after: position(1), limit: 2 })).toStrictEqual([3, 4]);
      expect(await page({ before: position(9), limit: 2, order: 'newest-first' })).toStrictEqual([7, 5]);
    });

    test('gives messages alone, or events of the conversation alone, and as many as asked for', async () => {
      expect(await page({ only: 'messages', limit: 2 })).toStrictEqual([1, 4]);
      expect(await page({ only: 'conversation-events', limit: 2, order: 'newest-first' })).toStrictEqual([7, 3]);
    });

    test('is empty for a conversation nobody knows', async () => {
      await using opened = await open();
      expect(await opened.store.range('nobody' as ConversationId, wholeRange)).toStrictEqual([]);
    });

    test('of any history is what the port says', async () => {
      const property = fc.asyncProperty(history(), anyRange, async (events, range) => {
        await using opened = await open();
        await write(opened.store, events);
        const { rows } = foldBatch(timeline, events);
        for (const id of conversationIds) {
          const inOrder = rows.filter((row) => row.stored.conversationId === id && isInRange(row, range));
          const ordered = range.order === 'oldest-first' ? inOrder : inOrder.toReversed();
          expect(await opened.store.range(id, range)).toStrictEqual(ordered.slice(0, range.limit));
        }
      });
      await fc.assert(property, { numRuns: runs });
    });
  });
}

const anyRange: fc.Arbitrary<TimelineRange> = fc.record(
  {
    after: fc.nat(60).map(position),
    before: fc.nat(60).map(position),
    order: fc.constantFrom('oldest-first', 'newest-first'),
    limit: fc.integer({ min: 1, max: 9 }),
    only: fc.constantFrom('messages', 'conversation-events'),
  },
  { requiredKeys: ['order', 'limit'] },
);

function describeByClientMessageId(open: OpenStore<TimelineStore>): void {
  const senderId = '__proto__' as UserId;
  const key = { conversationId: here, senderId, clientMsgId: clientMessageId(4) };
  const find = async (other: Partial<typeof key>) => {
    await using opened = await open();
    await write(opened.store, [message(3), message(4, { actorId: senderId }), left(5)]);
    return (await opened.store.byClientMessageId({ ...key, ...other }))?.stored.position;
  };

  describe('byClientMessageId', () => {
    test('finds the message a sender named', async () => {
      expect(await find({})).toBe(4);
    });

    test('knows nothing of another sender, another conversation or another id', async () => {
      expect(await find({ senderId: 'ada' as UserId })).toBeUndefined();
      expect(await find({ conversationId: elsewhere })).toBeUndefined();
      expect(await find({ clientMsgId: clientMessageId(5) })).toBeUndefined();
    });
  });
}

function describeLimits(open: OpenStore<TimelineStore>): void {
  test('keeps the longest body, the longest ids and the highest position as they are', async () => {
    await using opened = await open();
    const longestId = 'x'.repeat(64);
    const stored = message(Number.MAX_SAFE_INTEGER - 1, {
      conversationId: longestId as ConversationId,
      actorId: 'Z'.repeat(64) as UserId,
      event: {
        type: 'message.sent',
        clientMsgId: clientMessageId(1),
        body: '😀'.repeat(LIMITS.bodyBytesMax / 4),
        bodyType: 'text',
        threadId: position(Number.MAX_SAFE_INTEGER - 2),
      },
    });
    await write(opened.store, [stored]);
    const rows = await (await opened.reopen()).range(longestId as ConversationId, wholeRange);
    expect(rows).toStrictEqual([{ stored, prev: NO_POSITION, ordinal: 1 }]);
  });
}

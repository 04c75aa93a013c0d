// What the store of a flat projection promises besides what every store does: the rows of a partition. Its example is the one there is.
import { position, type ConversationId, type Shard, type StoredEvent, type UserId } from '@parley/domain';
import { describe, expect, test } from 'vitest';
import { messagesOf, messagesPerDay, type DayHead, type DayRow } from '../messages-per-day/messages-per-day.ts';
import { describeProjectionStore } from '../projection-store.contract.ts';
import { contractRunsPreset, type OpenStore } from '../testing/store-contract.ts';
import { clientMessageId, foldBatch, storedEvent, userIds } from '../testing/history.ts';
import type { FlatStore } from './flat-projection.ts';

type DayStore = FlatStore<DayHead, DayRow>;

const shard = 0 as Shard;
const [alice, bob] = ['alice', 'bob'] as UserId[] as [UserId, UserId];

export function describeFlatStore(name: string, open: OpenStore<DayStore>, runs = contractRunsPreset): void {
  describe(`flat store: ${name}`, () => {
    describeProjectionStore({ open, projection: messagesPerDay, runs, rowsIn });

    describe('find', () => {
      test('gives every row of the partition, of all conversations, and no other', async () => {
        await using opened = await open();
        const events = [
          said(1, { actorId: alice, day: 3 }),
          said(2, { actorId: bob, day: 3 }),
          said(3, { actorId: alice, day: 3, conversationId: 'g_two' as ConversationId }),
          said(4, { actorId: alice, day: 4 }),
        ];
        await opened.store.write(shard, foldBatch(messagesPerDay, events));
        expect(inOrder(await opened.store.find(alice))).toStrictEqual([
          { conversationId: 'g_one', position: 1, userId: alice, day: 3, messages: 1 },
          { conversationId: 'g_two', position: 3, userId: alice, day: 3, messages: 1 },
          { conversationId: 'g_one', position: 4, userId: alice, day: 4, messages: 1 },
        ]);
        expect(await opened.store.find('nobody')).toStrictEqual([]);
        expect(await messagesOf(alice, opened.store)).toStrictEqual(
          new Map([
            [3, 2],
            [4, 1],
          ]),
        );
      });
    });
  });
}

async function rowsIn(store: DayStore): Promise<readonly DayRow[]> {
  return inOrder((await Promise.all(userIds.map((id) => store.find(id)))).flat());
}

const inOrder = (rows: readonly DayRow[]): readonly DayRow[] => rows.toSorted((a, b) => a.position - b.position);

interface Said {
  readonly actorId: UserId;
  readonly day: number;
  readonly conversationId?: ConversationId;
}

function said(at: number, { day, ...given }: Said): StoredEvent {
  return storedEvent({
    ...given,
    position: position(at),
    storedTs: day * 24 * 60 * 60 * 1_000 + at,
    event: { type: 'message.sent', clientMsgId: clientMessageId(at), body: 'hello', bodyType: 'text' },
  });
}

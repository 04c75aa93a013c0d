// What the store of conversations promises besides what every store does: whose conversations there are.
import {
  DEFAULT_SETTINGS,
  LIMITS,
  position,
  type ConversationId,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { describe, expect, test } from 'vitest';
import { foldBatch, foldHeads, storedEvent, userIds } from '../testing/history.ts';
import { describeProjectionStore } from '../projection-store.contract.ts';
import { contractRunsPreset, type OpenStore } from '../testing/store-contract.ts';
import { conversations, type ConversationHead, type ConversationStore, type MembershipRow } from './conversations.ts';

const shard = 0 as Shard;
const here = 'g_one' as ConversationId;
const elsewhere = '__proto__' as ConversationId;
const bob = 'bob' as UserId;
const proto = '__proto__' as UserId;

export function describeConversationStore(
  name: string,
  open: OpenStore<ConversationStore>,
  runs = contractRunsPreset,
): void {
  describe(`conversation store: ${name}`, () => {
    describeProjectionStore({ open, projection: conversations, runs, rowsIn });
    describeMemberships(open);
    describeLargestState(open);
  });
}

async function rowsIn(store: ConversationStore): Promise<readonly MembershipRow[]> {
  const rows = await Promise.all(userIds.map(async (id) => byConversation(await store.membershipsOf(id))));
  return rows.flat();
}

const byConversation = (rows: readonly MembershipRow[]): readonly MembershipRow[] =>
  rows.toSorted((a, b) => (a.conversationId < b.conversationId ? -1 : 1));

const created = (at: number, memberIds: readonly UserId[], conversationId = here): StoredEvent =>
  storedEvent({
    position: position(at),
    conversationId,
    event: { type: 'conversation.created', kind: 'group', memberIds, settings: DEFAULT_SETTINGS },
  });

const left = (at: number, userId: UserId): StoredEvent =>
  storedEvent({ position: position(at), event: { type: 'conversation.member_left', userId } });

function describeMemberships(open: OpenStore<ConversationStore>): void {
  describe('membershipsOf', () => {
    test('names every conversation the user is or was in, and whether they are', async () => {
      await using opened = await open();
      const events = [created(1, [bob, proto]), created(2, [proto], elsewhere), left(3, proto)];
      await opened.store.write(shard, foldBatch(conversations, events));
      expect(byConversation(await opened.store.membershipsOf(proto))).toStrictEqual([
        { userId: proto, conversationId: elsewhere, position: 2, isPresent: true },
        { userId: proto, conversationId: here, position: 3, isPresent: false },
      ]);
    });

    test('is empty for a user nobody knows', async () => {
      await using opened = await open();
      expect(await opened.store.membershipsOf('toString' as UserId)).toStrictEqual([]);
    });

    test('keeps the later of two rows, whichever was written last', async () => {
      await using opened = await open();
      const row = { userId: bob, conversationId: here };
      for (const at of [3, 2]) {
        const rows = [{ ...row, position: position(at), isPresent: at === 2 }];
        await opened.store.write(shard, { rows, heads: [], parked: [], checkpoint: position(3) });
      }
      expect(await opened.store.membershipsOf(bob)).toStrictEqual([{ ...row, position: 3, isPresent: false }]);
    });
  });
}

function describeLargestState(open: OpenStore<ConversationStore>): void {
  const longId = (index: number) => `${index}`.padStart(64, '_') as UserId;

  test('keeps a full conversation with all the joins it may remember', async () => {
    await using opened = await open();
    const memberIds = Array.from({ length: LIMITS.groupMembersMax }, (_, index) => longId(index));
    const [head] = foldHeads(conversations, [created(1, memberIds)]).values();
    if (head?.state.type !== 'open') throw new Error('a created conversation is open');
    const intervals = Array.from({ length: LIMITS.membershipIntervalsMax / memberIds.length }, (_, index) =>
      index === 15 ? { from: position(31) } : { from: position(2 * index + 1), to: position(2 * index + 2) },
    );
    const members = new Map(memberIds.map((id) => [id, { role: 'admin', intervals }] as const));
    const full: ConversationHead = { ...head, state: { ...head.state, members } };
    await opened.store.write(shard, { rows: [], heads: [full], parked: [], checkpoint: position(1) });
    expect((await (await opened.reopen()).heads([here])).get(here)).toStrictEqual(full);
  });
}

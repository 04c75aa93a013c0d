// What whoever folds says to who keeps recent heads, when its steps do not follow each other plainly.
import type { ConversationId, Position, Shard } from '@parley/domain';
import { alice, at, bob, created, createTestLog, createTestWorld, said, theGroup } from '@parley/domain/testing';
import { createMemoryConversations, createRecentHeads } from '@parley/infra/memory';
import {
  conversations,
  projectionReader,
  RECENT_HEADS,
  recentHeadsFollower,
  StoreUnavailable,
  type RecentHeads,
} from '@parley/projections';
import { describe, expect, it } from 'vitest';

const shard = 0 as Shard;
const silent = { parked: () => undefined, passedOver: () => undefined, voided: () => undefined };

/** A group of which a worker has kept the second head. */
async function begun() {
  const [log, store, recent, world] = [
    createTestLog(),
    createMemoryConversations(),
    createRecentHeads()(1),
    createTestWorld(),
  ];
  const worker = (follow: RecentHeads['follow'] = (of, step) => recent.follow(of, step)) =>
    projectionReader(conversations, store, {
      generation: 1,
      observer: silent,
      follower: recentHeadsFollower({ follow }, world),
    });
  const first = worker();
  await first.checkpoint(shard);
  await first.apply(shard, [log.put(created([alice, bob])), log.put(said('second'))]);
  const found = async (id: ConversationId = theGroup) => {
    const kept = (await recent.find(new Map([[shard, [id]]]))).get(shard);
    return { mark: kept?.mark.position, head: kept?.heads.get(id)?.position };
  };
  return { log, store, first, worker, found };
}

describe('recent heads behind a fold', () => {
  it('are those that are stored, also where another worker stored them and died before its checkpoint', async () => {
    const { log, store, first, found } = await begun();
    const third = log.put(said('third'));
    const head = (await store.heads([theGroup])).get(theGroup);
    const heads = [conversations.fold(head, third).head];
    await store.write(shard, { rows: [], heads, parked: [], checkpoint: 0 as Position });
    await first.checkpoint(shard); // a step of its own had failed
    await first.apply(shard, [third]);
    expect(await found()).toEqual({ mark: at(3), head: at(3) });
  });

  it('are forgotten where another worker went on and could not keep them', async () => {
    const { log, first, worker, found } = await begun();
    const other = worker(() => Promise.reject(new StoreUnavailable('cut off')));
    await other.checkpoint(shard);
    await other.apply(shard, [log.put(said('third'))]);
    expect(await found()).toEqual({ mark: at(2), head: at(2) });
    await first.checkpoint(shard);
    await first.apply(shard, [log.put(created([alice]), { conversationId: 'g_2' as ConversationId })]);
    expect(await found()).toEqual({ mark: at(4), head: undefined });
  });

  it('are forgotten after a step that moved too many', async () => {
    const { log, first, found } = await begun();
    const many = Array.from({ length: RECENT_HEADS.headsPerStepMax + 1 }, (_, index) =>
      log.put(created([alice]), { conversationId: `g_many_${index}` as ConversationId }),
    );
    await first.apply(shard, many);
    expect(await found()).toEqual({ mark: many.at(-1)?.position, head: undefined });
    expect((await found('g_many_7' as ConversationId)).head).toBeUndefined();
  });
});

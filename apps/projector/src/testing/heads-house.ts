// For tests: the conversations of one log, folded by the projector at work, and listed with recent heads and without them.
import {
  allShards,
  isConversationEvent,
  shardOf,
  type ChatEvent,
  type ConversationId,
  type Position,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { alice, createTestLog, type TestLog } from '@parley/domain/testing';
import { createMemoryConversations, createMemoryTimeline } from '@parley/infra/memory';
import { createWorld } from '@parley/infra/runtime';
import {
  createReadSide,
  fixedGeneration,
  type BriefHead,
  type ConversationStore,
  type RecentHeadsOf,
} from '@parley/projections';
import { runProjector } from '../run-projector.ts';

export const world = createWorld();

export interface HeadsHouse extends AsyncDisposable {
  readonly log: TestLog;
  readonly store: ConversationStore;
  /** Heads that were read from rows, so far, and rows and heads that were written. */
  readonly counts: { headsRead: number; rowsWritten: number; headsWritten: number };
  put(conversationId: ConversationId, event: ChatEvent): StoredEvent;
  list(userId: UserId): Promise<readonly BriefHead[]>;
  /** From the rows alone. */
  plainList(userId: UserId): Promise<readonly BriefHead[]>;
  /** Everything is stored. */
  settle(): Promise<void>;
}

export function openHeadsHouse(recentHeads: RecentHeadsOf, shards = 64): HeadsHouse {
  const log = createTestLog({ shards });
  const [store, timeline] = [createMemoryConversations(), createMemoryTimeline()];
  const counts = { headsRead: 0, rowsWritten: 0, headsWritten: 0 };
  const counted: ConversationStore = {
    ...store,
    heads(ids) {
      counts.headsRead += ids.length;
      return store.heads(ids);
    },
    write(shard, batch) {
      counts.rowsWritten += batch.rows.length;
      counts.headsWritten += batch.heads.length;
      return store.write(shard, batch);
    },
  };
  const live = (conversations: ConversationStore) => ({
    timeline: fixedGeneration(timeline),
    conversations: fixedGeneration(conversations),
  });
  const projector = runProjector({ ...live(counted), log, world, observer: silent, recentHeads });
  const metas = new Map<ConversationId, Position>();
  return {
    log,
    store,
    counts,
    put(conversationId, event) {
      const decidedOn = metas.get(conversationId) ?? (0 as Position);
      const storedTs = world.now();
      const notAfterTs = storedTs + 30_000;
      const stored = log.put(event, { conversationId, actorId: alice, decidedOn, storedTs, notAfterTs });
      if (isConversationEvent(stored)) metas.set(conversationId, stored.position);
      return stored;
    },
    list: (userId) => createReadSide({ log, world, ...live(counted), recentHeads }).conversations.ofUser(userId),
    plainList: (userId) => createReadSide({ log, world, ...live(store) }).conversations.ofUser(userId),
    async settle() {
      for (const shard of allShards(shards)) {
        while ((await store.checkpoint(shard)) < (await log.head(shard))) await world.sleep(5);
      }
    },
    [Symbol.asyncDispose]: () => projector[Symbol.asyncDispose](),
  };
}

const silent = {
  applied: () => undefined,
  retrying: () => undefined,
  stopped: () => undefined,
  parked: () => undefined,
  passedOver: () => undefined,
  voided: () => undefined,
};

/** As many ids, all of one shard when one is named. */
export function conversationIds(count: number, of?: { readonly shard: number; readonly shards: number }) {
  const ids: ConversationId[] = [];
  for (let number = 0; ids.length < count; number++) {
    const id = `g_${number}` as ConversationId;
    if (!of || shardOf(id, of.shards) === of.shard) ids.push(id);
  }
  return ids;
}

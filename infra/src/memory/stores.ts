// Read models in memory, for unit tests and the simulation: the same contract as a real store, and nothing kept on disk.
import { NO_POSITION, type ConversationId, type Position, type Shard, type UserId } from '@parley/domain';
import {
  isClientMessage,
  isInRange,
  type Batch,
  type ConversationHead,
  type ConversationStore,
  type Head,
  type MembershipRow,
  type ParkedConversation,
  type ProjectionStore,
  type TimelineHead,
  type TimelineRow,
  type TimelineStore,
} from '@parley/projections';

export function createMemoryTimeline(): TimelineStore {
  const conversations = new Map<ConversationId, Map<Position, TimelineRow>>();
  const rowsOf = (id: ConversationId) => [...(conversations.get(id)?.values() ?? [])];
  return {
    ...createMemoryStore<TimelineHead, TimelineRow>({
      apply(row) {
        const { conversationId, position } = row.stored;
        const rows = conversations.get(conversationId) ?? new Map<Position, TimelineRow>();
        conversations.set(conversationId, rows.set(position, row));
      },
      clear: () => conversations.clear(),
    }),

    async range(conversationId, range) {
      const rows = rowsOf(conversationId).filter((row) => isInRange(row, range));
      const direction = range.order === 'oldest-first' ? 1 : -1;
      return rows.toSorted((a, b) => direction * (a.stored.position - b.stored.position)).slice(0, range.limit);
    },

    async byClientMessageId(key) {
      return rowsOf(key.conversationId).find((row) => isClientMessage(row, key));
    },
  };
}

export function createMemoryConversations(): ConversationStore {
  const users = new Map<UserId, Map<ConversationId, MembershipRow>>();
  return {
    ...createMemoryStore<ConversationHead, MembershipRow>({
      apply(row) {
        const memberships = users.get(row.userId) ?? new Map<ConversationId, MembershipRow>();
        users.set(row.userId, keepHigher(memberships, row));
      },
      clear: () => users.clear(),
    }),

    async membershipsOf(userId) {
      return [...(users.get(userId)?.values() ?? [])];
    },
  };
}

interface RowTable<Row> {
  apply(row: Row): void;
  clear(): void;
}

interface ShardState {
  readonly checkpoint: Position;
  readonly parked: Map<ConversationId, ParkedConversation>;
}

const nothingYet = (): ShardState => ({ checkpoint: NO_POSITION, parked: new Map() });

function createMemoryStore<H extends Head, Row>(table: RowTable<Row>): ProjectionStore<H, Row> {
  const heads = new Map<ConversationId, H>();
  const shards = new Map<Shard, ShardState>();

  /** Synchronous, so nobody sees half of a batch. */
  function apply(shard: Shard, batch: Batch<H, Row>): void {
    const { checkpoint, parked } = shards.get(shard) ?? nothingYet();
    for (const row of batch.rows) table.apply(row);
    for (const head of batch.heads) keepHigher(heads, head);
    for (const one of batch.parked) keepLower(parked, one);
    shards.set(shard, { checkpoint: batch.checkpoint > checkpoint ? batch.checkpoint : checkpoint, parked });
  }

  return {
    async checkpoint(shard) {
      return shards.get(shard)?.checkpoint ?? NO_POSITION;
    },
    async heads(conversationIds) {
      return new Map(conversationIds.flatMap((id) => entryOf(heads, id)));
    },
    async parked(shard) {
      return [...(shards.get(shard)?.parked.values() ?? [])];
    },
    async write(shard, batch) {
      apply(shard, batch);
    },
    async drop() {
      table.clear();
      heads.clear();
      shards.clear();
    },
  };
}

function entryOf<K, V>(map: ReadonlyMap<K, V>, key: K): readonly (readonly [K, V])[] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}

function keepHigher<T extends Head>(map: Map<ConversationId, T>, next: T): Map<ConversationId, T> {
  const before = map.get(next.conversationId);
  return before === undefined || next.position > before.position ? map.set(next.conversationId, next) : map;
}

function keepLower<T extends Head>(map: Map<ConversationId, T>, next: T): Map<ConversationId, T> {
  const before = map.get(next.conversationId);
  return before === undefined || next.position < before.position ? map.set(next.conversationId, next) : map;
}

// Read models in memory, for unit tests and the simulation: the same contract as a real store, and nothing kept on disk.
import { NO_POSITION, type ConversationId, type Position, type Shard, type UserId } from '@parley/domain';
import {
  BEING_REFOLDED,
  isClientMessage,
  isInRange,
  type Batch,
  type ConversationHead,
  type ConversationStore,
  type FullStore,
  type Head,
  type MembershipRow,
  type ParkedConversation,
  refoldsAskedMax,
  type RefoldRequest,
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
      rowsOf: (id) => rowsOf(id).toSorted((a, b) => a.stored.position - b.stored.position),
      ids: () => conversations.keys(),
      forget: (id) => conversations.delete(id),
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
      rowsOf: (id) => [...users.values()].flatMap((own) => own.get(id) ?? []).toSorted(byUser),
      ids: () => users.values().flatMap((own) => own.keys()),
      forget: (id) => users.forEach((own) => own.delete(id)),
      clear: () => users.clear(),
    }),

    async membershipsOf(userId) {
      return [...(users.get(userId)?.values() ?? [])];
    },
  };
}

const byUser = (a: MembershipRow, b: MembershipRow): number => (a.userId < b.userId ? -1 : 1);

interface RowTable<Row> {
  apply(row: Row): void;
  /** In the order of their places. */
  rowsOf(conversationId: ConversationId): readonly Row[];
  ids(): Iterable<ConversationId>;
  forget(conversationId: ConversationId): void;
  clear(): void;
}

interface ShardState {
  readonly checkpoint: Position;
  readonly parked: Map<ConversationId, ParkedConversation>;
}

const nothing = { rows: [], heads: [], parked: [], checkpoint: NO_POSITION } as const;

const nothingYet = (): ShardState => ({ checkpoint: NO_POSITION, parked: new Map() });

function createMemoryStore<H extends Head, Row>(table: RowTable<Row>): FullStore<H, Row> {
  const asked = new Map<ConversationId, RefoldRequest>();
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
      asked.clear();
    },

    async askRefolds(requests) {
      for (const request of requests) asked.set(request.conversationId, request);
    },
    async refoldsAsked() {
      return [...asked.values().take(refoldsAskedMax)];
    },
    async clearForRefold(shard, conversationIds) {
      for (const conversationId of conversationIds) {
        table.forget(conversationId);
        heads.delete(conversationId);
        const parked = { conversationId, position: NO_POSITION, reason: BEING_REFOLDED };
        apply(shard, { ...nothing, parked: [parked] });
      }
    },
    async finishRefold({ shard, conversationId }, { parked }) {
      shards.get(shard)?.parked.delete(conversationId);
      if (parked) apply(shard, { ...nothing, parked: [parked] });
      asked.delete(conversationId);
    },

    async *conversationIds() {
      yield [...new Set([...heads.keys(), ...table.ids()])];
    },
    async *rows(_shard, conversationIds) {
      for (const id of conversationIds) yield { rows: table.rowsOf(id), flaws: [] };
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

// Conversations in Cassandra or ScyllaDB. A head and its state are one row, so that one read finds both as of one moment;
// but a head changes with every message and a state with few, so the state's cells are written, with the timestamp of its
// `.meta` event, only when they changed.
import { NO_CONVERSATION, type ConversationState, type MessageEvent, type StoredEvent } from '@parley/domain';
import type { ConversationHead, ConversationStore, MembershipRow } from '@parley/projections';
import { stateToText, textToState } from '../stored-form/state-text.ts';
import type { PartitionStatement } from './batches.ts';
import { conversationIdIn, integer, long, positionIn, textOrNothing, type Row } from './cells.ts';
import { conversationContents, membership, membershipDeletions } from './conversation-contents.ts';
import { createProjectionStore } from './projection-store.ts';
import { insert, type StoredGeneration } from './projection-tables.ts';
import { RAISED, REFOLDS, SHARED_TABLES, tableName, type Migration } from './schema.ts';

export const CONVERSATION_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    tables: [
      {
        name: 'memberships',
        columns: `user_id text, conversation_id text, position bigint, is_present boolean,
          PRIMARY KEY (user_id, conversation_id)`,
      },
      {
        name: 'heads',
        columns: `conversation_id text PRIMARY KEY, position bigint, prev bigint, ordinal int, meta bigint,
          last_activity_ts bigint, last_message text, state text`,
      },
      ...SHARED_TABLES,
    ],
  },
  RAISED,
  REFOLDS,
];

export function createConversationStore(stored: StoredGeneration): ConversationStore {
  /** States this store holds already, or newer ones. A message leaves the state of its head the very same object. */
  const storedStates = new WeakSet<ConversationState>();
  const store = createProjectionStore<ConversationHead, MembershipRow>(stored, {
    rows: (rows) => rows.map((row) => membershipRow(stored, row)),
    heads: (heads) =>
      heads.flatMap((head) => [...(storedStates.has(head.state) ? [] : stateRow(stored, head)), headRow(stored, head)]),
    head: conversationHead,
    deletions: (ids) => membershipDeletions(stored, ids),
    contents: conversationContents(stored),
  });
  return {
    ...store,

    async heads(conversationIds) {
      const heads = await store.heads(conversationIds);
      for (const { state } of heads.values()) storedStates.add(state);
      return heads;
    },

    async write(shard, batch) {
      await store.write(shard, batch);
      for (const { state } of batch.heads) storedStates.add(state);
    },

    async membershipsOf(userId) {
      const cql = `SELECT * FROM ${tableName(stored, 'memberships')} WHERE user_id = ?`;
      return (await stored.session.read({ cql, cells: [userId] })).map(membership);
    },
  };
}

function membershipRow(stored: StoredGeneration, row: MembershipRow): PartitionStatement {
  const { userId, conversationId, position, isPresent } = row;
  const columns = {
    user_id: userId,
    conversation_id: conversationId,
    position: long(position),
    is_present: isPresent,
  };
  return insert(stored, { table: 'memberships', columns, partitionColumns: 1, conversationId, position });
}

function headRow(stored: StoredGeneration, head: ConversationHead): PartitionStatement {
  const columns = {
    conversation_id: head.conversationId,
    position: long(head.position),
    prev: long(head.prev),
    ordinal: head.ordinal,
    meta: long(head.meta),
    last_activity_ts: long(head.lastActivityTs),
    last_message: head.lastMessage === undefined ? null : JSON.stringify(head.lastMessage),
  };
  const { conversationId, position } = head;
  return insert(stored, { table: 'heads', columns, partitionColumns: 1, conversationId, position });
}

function stateRow(stored: StoredGeneration, head: ConversationHead): readonly PartitionStatement[] {
  if (head.state.type !== 'open') return [];
  const columns = { conversation_id: head.conversationId, state: stateToText(head.state) };
  const { conversationId, meta: position } = head;
  return [insert(stored, { table: 'heads', columns, partitionColumns: 1, conversationId, position })];
}

function conversationHead(row: Row): ConversationHead {
  const state = textOrNothing(row, 'state');
  const lastMessage = textOrNothing(row, 'last_message');
  return {
    conversationId: conversationIdIn(row),
    position: positionIn(row, 'position'),
    prev: positionIn(row, 'prev'),
    ordinal: integer(row, 'ordinal'),
    meta: positionIn(row, 'meta'),
    state: state === undefined ? NO_CONVERSATION : textToState(state),
    lastActivityTs: integer(row, 'last_activity_ts'),
    ...(lastMessage === undefined ? {} : { lastMessage: JSON.parse(lastMessage) as StoredEvent<MessageEvent> }),
  };
}

// Conversations in SQLite. The state is apart from the head, for a head changes with every message and a state with few:
// a room of 1,024 members would else write its 50 KB each time somebody says something.
import { NO_CONVERSATION, type ConversationState, type MessageEvent, type StoredEvent } from '@parley/domain';
import type { ConversationHead, ConversationStore, MembershipRow } from '@parley/projections';
import { conversationIdIn, integer, positionIn, text, textOrNothing } from './cells.ts';
import type { File } from './file.ts';
import { createProjectionStore, SHARED_SCHEMA, type Tables } from './projection-tables.ts';
import type { Parameters, Row } from './requests.ts';
import { stateToText, textToState } from '../stored-form/state-text.ts';

const SCHEMA = `
CREATE TABLE heads (
  conversation_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  meta INTEGER NOT NULL,
  last_activity_ts INTEGER NOT NULL,
  last_message TEXT -- none before the first one
) STRICT, WITHOUT ROWID;
CREATE TABLE states (
  conversation_id TEXT PRIMARY KEY,
  meta INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE memberships (
  user_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  is_present INTEGER NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members ON memberships (conversation_id, user_id);
${SHARED_SCHEMA}`;

export const CONVERSATION_FORM = { schema: SCHEMA, indexes: [] };

const RAISE_MEMBERSHIP = `
INSERT INTO memberships (user_id, conversation_id, position, is_present) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET position = excluded.position, is_present = excluded.is_present
WHERE excluded.position > position`;

const RAISE_HEAD = `
INSERT INTO heads (conversation_id, position, prev, ordinal, meta, last_activity_ts, last_message)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET position = excluded.position, prev = excluded.prev, ordinal = excluded.ordinal,
  meta = excluded.meta, last_activity_ts = excluded.last_activity_ts, last_message = excluded.last_message
WHERE excluded.position > position`;

const RAISE_STATE = `
INSERT INTO states (conversation_id, meta, state) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET meta = excluded.meta, state = excluded.state WHERE excluded.meta > meta`;

const HEADS = `
SELECT heads.*, states.state FROM heads LEFT JOIN states USING (conversation_id)
WHERE heads.conversation_id IN (SELECT value FROM json_each(?))`;

const MEMBERSHIPS_OF = 'SELECT user_id, conversation_id, position, is_present FROM memberships WHERE user_id = ?';

export function createConversationStore(file: File): ConversationStore {
  /** States this store holds already, or newer ones. A message leaves the state of its head the very same object. */
  const storedStates = new WeakSet<ConversationState>();
  const store = createProjectionStore(file, conversationTables(storedStates));
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
      const rows = await file.ask({ type: 'read', path: file.path, sql: MEMBERSHIPS_OF, parameters: [userId] });
      return rows.map(membershipRow);
    },
  };
}

const conversationTables = (storedStates: WeakSet<ConversationState>): Tables<ConversationHead, MembershipRow> => ({
  steps: (rows, heads) => [
    { sql: RAISE_MEMBERSHIP, rows: rows.map(membershipCells) },
    { sql: RAISE_HEAD, rows: heads.map(headCells) },
    { sql: RAISE_STATE, rows: heads.flatMap((head) => (storedStates.has(head.state) ? [] : stateCells(head))) },
  ],
  indexes: [],
  headsSql: HEADS,
  head: conversationHead,
  ofConversations: ['heads', 'states', 'memberships'],
  contents: {
    sql: `SELECT * FROM memberships WHERE conversation_id = ? AND user_id > ? ORDER BY user_id LIMIT ?`,
    begin: '',
    cell: (row) => text(row, 'user_id'),
    row: membershipRow,
  },
});

const membershipCells = (row: MembershipRow): Parameters => [
  row.userId,
  row.conversationId,
  row.position,
  row.isPresent ? 1 : 0,
];

const headCells = (head: ConversationHead): Parameters => [
  head.conversationId,
  head.position,
  head.prev,
  head.ordinal,
  head.meta,
  head.lastActivityTs,
  head.lastMessage === undefined ? null : JSON.stringify(head.lastMessage),
];

function stateCells({ conversationId, meta, state }: ConversationHead): readonly Parameters[] {
  return state.type === 'open' ? [[conversationId, meta, stateToText(state)]] : [];
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

const membershipRow = (row: Row): MembershipRow => ({
  userId: text(row, 'user_id') as MembershipRow['userId'],
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  isPresent: integer(row, 'is_present') === 1,
});

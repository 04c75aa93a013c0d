// The timeline in SQLite: one row an event, its columns what queries need and the event itself as JSON text, so that an
// operator's `sqlite3` can read it.
import {
  isMessageEvent,
  NO_POSITION,
  type ChatEvent,
  type ConversationId,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import type { TimelineHead, TimelineRange, TimelineRow, TimelineStore } from '@parley/projections';
import { conversationIdIn, integer, positionIn, text } from './cells.ts';
import type { File } from './file.ts';
import { createProjectionStore, SHARED_SCHEMA, type Tables } from './projection-tables.ts';
import type { Parameters, Row } from './requests.ts';

// `events` keeps its rowid: appended in log order and only indexed by conversation it takes twice the rows per second of
// a table clustered by conversation, and a page of 50 costs about the same (both measured with 1,000 conversations).
const SCHEMA = `
CREATE TABLE events (
  conversation_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  client_msg_id TEXT, -- of messages only
  decided_on INTEGER NOT NULL,
  stored_ts INTEGER NOT NULL,
  not_after_ts INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (conversation_id, position)
) STRICT;
CREATE TABLE heads (
  conversation_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  meta INTEGER NOT NULL,
  stored_ts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
${SHARED_SCHEMA}`;

const INDEXES = [
  `CREATE INDEX IF NOT EXISTS messages_by_client_msg_id ON events (conversation_id, actor_id, client_msg_id)
  WHERE client_msg_id IS NOT NULL`,
  // They are few among many messages, and read alone.
  `CREATE INDEX IF NOT EXISTS conversation_events ON events (conversation_id, position) WHERE client_msg_id IS NULL`,
];

export const TIMELINE_FORM = { schema: SCHEMA, indexes: INDEXES };

// An event at its position is the same whoever folded it: what is there stays.
const INSERT_EVENT = `
INSERT INTO events (conversation_id, position, prev, ordinal, kind, actor_id, client_msg_id, decided_on, stored_ts,
  not_after_ts, idempotency_key, body_hash, event)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`;

const RAISE_HEAD = `
INSERT INTO heads (conversation_id, position, prev, ordinal, meta, stored_ts) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET position = excluded.position, prev = excluded.prev, ordinal = excluded.ordinal,
  meta = excluded.meta, stored_ts = excluded.stored_ts
WHERE excluded.position > position`;

const SELECT_EVENT = `
SELECT conversation_id, position, prev, ordinal, actor_id, decided_on, stored_ts, not_after_ts, idempotency_key,
  body_hash, event
FROM events`;

// Without the hint the planner takes the order for the harder part, and walks through the whole conversation.
const BY_CLIENT_MESSAGE_ID = `${SELECT_EVENT} INDEXED BY messages_by_client_msg_id
WHERE conversation_id = ? AND actor_id = ? AND client_msg_id = ? ORDER BY position LIMIT 1`;

const timelineTables: Tables<TimelineHead, TimelineRow> = {
  steps: (rows, heads) => [
    { sql: INSERT_EVENT, rows: rows.map(eventCells) },
    { sql: RAISE_HEAD, rows: heads.map(headCells) },
  ],
  indexes: INDEXES,
  headsSql: 'SELECT * FROM heads WHERE conversation_id IN (SELECT value FROM json_each(?))',
  head: (row) => ({
    conversationId: conversationIdIn(row),
    position: positionIn(row, 'position'),
    prev: positionIn(row, 'prev'),
    ordinal: integer(row, 'ordinal'),
    meta: positionIn(row, 'meta'),
    storedTs: integer(row, 'stored_ts'),
  }),
  ofConversations: ['heads', 'events'],
  contents: {
    sql: `SELECT * FROM events WHERE conversation_id = ? AND position > ? ORDER BY position LIMIT ?`,
    begin: NO_POSITION,
    cell: (row) => integer(row, 'position'),
    row: (row) => timelineRow(row),
    flaw: flawIn,
  },
};

export function createTimelineStore(file: File): TimelineStore {
  const { path } = file;
  return {
    ...createProjectionStore(file, timelineTables),

    async range(conversationId, range) {
      const parameters = rangeParameters(conversationId, range);
      const rows = await file.ask({ type: 'read', path, sql: rangeSql(range), parameters });
      return rows.map(timelineRow);
    },

    async byClientMessageId({ conversationId, senderId, clientMsgId }) {
      const parameters = [conversationId, senderId, clientMsgId];
      const [row] = await file.ask({ type: 'read', path, sql: BY_CLIENT_MESSAGE_ID, parameters });
      return row === undefined ? undefined : timelineRow(row);
    },
  };
}

const rangeParameters = (conversationId: ConversationId, range: TimelineRange): Parameters => [
  conversationId,
  range.after ?? NO_POSITION,
  range.before ?? Number.MAX_SAFE_INTEGER,
  range.limit,
];

const rangeSql = ({ order, only }: TimelineRange): string => `${SELECT_EVENT}
WHERE conversation_id = ? AND position > ? AND position < ? ${only === undefined ? '' : ONLY[only]}
ORDER BY position ${order === 'oldest-first' ? 'ASC' : 'DESC'} LIMIT ?`;

const ONLY = { messages: 'AND client_msg_id IS NOT NULL', 'conversation-events': 'AND client_msg_id IS NULL' } as const;

function eventCells({ stored, prev, ordinal }: TimelineRow): Parameters {
  return [
    stored.conversationId,
    stored.position,
    prev,
    ordinal,
    stored.event.type,
    stored.actorId,
    isMessageEvent(stored) ? stored.event.clientMsgId : null,
    stored.decidedOn,
    stored.storedTs,
    stored.notAfterTs,
    stored.idempotencyKey,
    stored.bodyHash,
    JSON.stringify(stored.event),
  ];
}

const headCells = (head: TimelineHead): Parameters => [
  head.conversationId,
  head.position,
  head.prev,
  head.ordinal,
  head.meta,
  head.storedTs,
];

const timelineRow = (row: Row): TimelineRow => ({
  stored: storedEvent(row),
  prev: positionIn(row, 'prev'),
  ordinal: integer(row, 'ordinal'),
});

/** What look-ups go by has to say what the event says. */
function flawIn(row: Row, { stored }: TimelineRow): string | undefined {
  const clientMsgId = isMessageEvent(stored) ? stored.event.clientMsgId : null;
  const columns = [
    ['kind', stored.event.type],
    ['client_msg_id', clientMsgId],
  ] as const;
  const wrong = columns.find(([column, said]) => row[column] !== said);
  return (
    wrong && `events.${wrong[0]} at ${stored.position}: ${String(row[wrong[0]])}, the event has ${String(wrong[1])}`
  );
}

function storedEvent(row: Row): StoredEvent {
  return {
    conversationId: conversationIdIn(row),
    actorId: text(row, 'actor_id') as UserId,
    event: JSON.parse(text(row, 'event')) as ChatEvent,
    decidedOn: positionIn(row, 'decided_on'),
    notAfterTs: integer(row, 'not_after_ts'),
    idempotencyKey: text(row, 'idempotency_key'),
    bodyHash: text(row, 'body_hash'),
    position: positionIn(row, 'position'),
    storedTs: integer(row, 'stored_ts'),
  };
}

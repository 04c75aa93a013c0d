// A timeline's rows as columns and back: what queries need has a column, the event itself is JSON text, so that an
// operator's `cqlsh` can read it.
import { isMessageEvent, type ChatEvent, type StoredEvent, type UserId } from '@parley/domain';
import type { TimelineHead, TimelineRow } from '@parley/projections';
import type { PartitionStatement } from './batches.ts';
import { conversationIdIn, integer, long, positionIn, text, type Row, type Cell } from './cells.ts';
import { insert, type StoredGeneration } from './projection-tables.ts';
import type { Migration } from './schema.ts';
import { RAISED, REFOLDS, SHARED_TABLES } from './schema.ts';
import { beginsBucket, bucketOf } from './timeline-buckets.ts';

const EVENT_COLUMNS = `position bigint, prev bigint, ordinal int, actor_id text, decided_on bigint, stored_ts bigint,
  not_after_ts bigint, idempotency_key text, body_hash text, event text`;
/** Those outside every primary key. */
export const EVENT_CELLS = [
  'prev',
  'ordinal',
  'actor_id',
  'decided_on',
  'stored_ts',
  'not_after_ts',
  'idempotency_key',
  'body_hash',
  'event',
] as const;
export const HEAD_CELLS = ['position', 'prev', 'ordinal', 'meta', 'stored_ts'] as const;
const NEWEST_FIRST = 'CLUSTERING ORDER BY (position DESC)';

export const TIMELINE_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    tables: [
      {
        name: 'events',
        columns: `conversation_id text, bucket int, ${EVENT_COLUMNS}, PRIMARY KEY ((conversation_id, bucket), position)`,
        options: NEWEST_FIRST,
      },
      {
        // They are few among many messages, and read alone: a second copy costs less than walking through all.
        name: 'conversation_events',
        columns: `conversation_id text, ${EVENT_COLUMNS}, PRIMARY KEY (conversation_id, position)`,
        options: NEWEST_FIRST,
      },
      {
        name: 'buckets',
        columns:
          'conversation_id text, first_position bigint, bucket int, PRIMARY KEY (conversation_id, first_position)',
        options: 'CLUSTERING ORDER BY (first_position DESC)',
      },
      {
        // Of two messages with one id the earlier is the one: the order finds it without reading before writing.
        name: 'client_msg_ids',
        columns: `conversation_id text, sender_id text, client_msg_id text, position bigint, bucket int,
          PRIMARY KEY ((conversation_id, sender_id, client_msg_id), position)`,
      },
      {
        name: 'heads',
        columns: `conversation_id text PRIMARY KEY, position bigint, prev bigint, ordinal int, meta bigint,
          stored_ts bigint`,
      },
      ...SHARED_TABLES,
    ],
  },
  RAISED,
  REFOLDS,
];

/** All that one event adds. */
export function eventRows(stored: StoredGeneration, row: TimelineRow): readonly PartitionStatement[] {
  const { position, conversationId } = row.stored;
  const bucket = bucketOf(row.ordinal);
  const columns = { conversation_id: conversationId, bucket, ...eventColumns(row) };
  const event = insert(stored, { table: 'events', columns, partitionColumns: 2, conversationId, position });
  const second = isMessageEvent(row.stored) ? clientMessageRow(stored, row) : conversationEventRow(stored, row);
  return beginsBucket(row) ? [event, second, bucketRow(stored, row)] : [event, second];
}

function clientMessageRow(stored: StoredGeneration, { stored: event, ordinal }: TimelineRow): PartitionStatement {
  const columns = {
    conversation_id: event.conversationId,
    sender_id: event.actorId,
    client_msg_id: isMessageEvent(event) ? event.event.clientMsgId : '',
    position: long(event.position),
    bucket: bucketOf(ordinal),
  };
  return insert(stored, { table: 'client_msg_ids', columns, partitionColumns: 3, ...placeOf(event) });
}

function conversationEventRow(stored: StoredGeneration, row: TimelineRow): PartitionStatement {
  const columns = { conversation_id: row.stored.conversationId, ...eventColumns(row) };
  return insert(stored, { table: 'conversation_events', columns, partitionColumns: 1, ...placeOf(row.stored) });
}

function bucketRow(stored: StoredGeneration, { stored: { conversationId, position }, ordinal }: TimelineRow) {
  const columns = { conversation_id: conversationId, first_position: long(position), bucket: bucketOf(ordinal) };
  return insert(stored, { table: 'buckets', columns, partitionColumns: 1, conversationId, position });
}

const placeOf = ({ conversationId, position }: Pick<StoredEvent, 'conversationId' | 'position'>) => ({
  conversationId,
  position,
});

const eventColumns = ({ stored, prev, ordinal }: TimelineRow): Readonly<Record<string, Cell>> => ({
  position: long(stored.position),
  prev: long(prev),
  ordinal,
  actor_id: stored.actorId,
  decided_on: long(stored.decidedOn),
  stored_ts: long(stored.storedTs),
  not_after_ts: long(stored.notAfterTs),
  idempotency_key: stored.idempotencyKey,
  body_hash: stored.bodyHash,
  event: JSON.stringify(stored.event),
});

export function headRow(stored: StoredGeneration, head: TimelineHead): PartitionStatement {
  const columns = {
    conversation_id: head.conversationId,
    position: long(head.position),
    prev: long(head.prev),
    ordinal: head.ordinal,
    meta: long(head.meta),
    stored_ts: long(head.storedTs),
  };
  return insert(stored, { table: 'heads', columns, partitionColumns: 1, ...placeOf(head) });
}

export const timelineHead = (row: Row): TimelineHead => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  prev: positionIn(row, 'prev'),
  ordinal: integer(row, 'ordinal'),
  meta: positionIn(row, 'meta'),
  storedTs: integer(row, 'stored_ts'),
});

export const timelineRow = (row: Row): TimelineRow => ({
  stored: storedEvent(row),
  prev: positionIn(row, 'prev'),
  ordinal: integer(row, 'ordinal'),
});

const storedEvent = (row: Row): StoredEvent => ({
  conversationId: conversationIdIn(row),
  actorId: text(row, 'actor_id') as UserId,
  event: JSON.parse(text(row, 'event')) as ChatEvent,
  decidedOn: positionIn(row, 'decided_on'),
  notAfterTs: integer(row, 'not_after_ts'),
  idempotencyKey: text(row, 'idempotency_key'),
  bodyHash: text(row, 'body_hash'),
  position: positionIn(row, 'position'),
  storedTs: integer(row, 'stored_ts'),
});

// The timeline in Cassandra or ScyllaDB: pages walk from bucket to bucket, look-ups go by the sender's id.
import { NO_POSITION, type ConversationId } from '@parley/domain';
import {
  isInRange,
  type PageReads,
  type TimelineRange,
  type TimelineRow,
  type TimelineStore,
} from '@parley/projections';
import { integer, long, type Cell } from './cells.ts';
import { createProjectionStore, headReads } from './projection-store.ts';
import type { StoredGeneration } from './projection-tables.ts';
import { tableName } from './schema.ts';
import type { Copies } from './session.ts';
import { bucketsIn } from './timeline-buckets.ts';
import { timelineContents, timelineDeletions } from './timeline-contents.ts';
import { eventRows, headRow, timelineHead, timelineRow } from './timeline-rows.ts';

/** Rows are read at least so many at a time when some will be left out. */
const filteredRowsMin = 32;

export function createTimelineStore(stored: StoredGeneration): TimelineStore {
  return {
    ...createProjectionStore(stored, {
      rows: (rows) => rows.flatMap((row) => eventRows(stored, row)),
      heads: (heads) => heads.map((head) => headRow(stored, head)),
      head: timelineHead,
      deletions: (ids) => timelineDeletions(stored, ids),
      contents: timelineContents(stored),
    }),

    range: rangeReads(stored, 'quorum'),
    anyCopy: { ...headReads(stored, { head: timelineHead }, 'any'), range: rangeReads(stored, 'any') },

    async byClientMessageId({ conversationId, senderId, clientMsgId }) {
      const cql = `SELECT position, bucket FROM ${tableName(stored, 'client_msg_ids')}
        WHERE conversation_id = ? AND sender_id = ? AND client_msg_id = ? LIMIT 1`;
      const [found] = await stored.session.read({ cql, cells: [conversationId, senderId, clientMsgId] });
      if (found === undefined) return undefined;
      const at = integer(found, 'position');
      const place = { where: 'conversation_id = ? AND bucket = ?', cells: [conversationId, integer(found, 'bucket')] };
      const slice = { after: at - 1, before: at + 1, order: 'newest-first', limit: 1 } as const;
      return (await readSlice({ ...stored, copies: 'quorum' }, { table: 'events', ...place, ...slice }))[0];
    },
  };
}

/** Where rows are read, and how many copies of them are asked. */
interface Reading extends StoredGeneration {
  readonly copies: Copies;
}

function rangeReads(stored: StoredGeneration, copies: Copies): PageReads['range'] {
  const reading = { ...stored, copies };
  return (conversationId, range) =>
    range.only === 'conversation-events'
      ? conversationEvents(reading, conversationId, range)
      : eventsOfBuckets(reading, conversationId, range);
}

function conversationEvents(stored: Reading, conversationId: ConversationId, range: TimelineRange) {
  const place = { table: 'conversation_events', where: 'conversation_id = ?', cells: [conversationId] };
  return readSlice(stored, { ...place, ...range });
}

async function eventsOfBuckets(
  stored: Reading,
  conversationId: ConversationId,
  range: TimelineRange,
): Promise<readonly TimelineRow[]> {
  const rows: TimelineRow[] = [];
  const buckets = { session: stored.session, copies: stored.copies, name: tableName(stored, 'buckets') };
  for await (const bucket of bucketsIn(buckets, conversationId, range)) {
    const place = { conversationId, bucket: bucket.number };
    rows.push(...(await eventsOfBucket(stored, place, { ...range, limit: range.limit - rows.length })));
    if (rows.length >= range.limit) break;
  }
  return rows;
}

/** Where rows are left out, reading goes on behind the last one until there are enough, or the bucket ends. */
async function eventsOfBucket(
  stored: Reading,
  { conversationId, bucket }: { readonly conversationId: ConversationId; readonly bucket: number },
  range: TimelineRange,
): Promise<readonly TimelineRow[]> {
  const place = { table: 'events', where: 'conversation_id = ? AND bucket = ?', cells: [conversationId, bucket] };
  const rows: TimelineRow[] = [];
  let { after, before } = range;
  for (;;) {
    const missing = range.limit - rows.length;
    const limit = range.only === undefined ? missing : Math.max(missing, filteredRowsMin);
    const found = await readSlice(stored, { ...place, after, before, order: range.order, limit });
    rows.push(...found.filter((row) => isInRange(row, range)).slice(0, missing));
    const last = found.at(-1);
    if (rows.length === range.limit || found.length < limit || last === undefined) return rows;
    if (range.order === 'oldest-first') after = last.stored.position;
    else before = last.stored.position;
  }
}

/** Rows of one partition, strictly between two positions. */
interface Slice {
  readonly table: string;
  readonly where: string;
  readonly cells: readonly Cell[];
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly order: TimelineRange['order'];
  readonly limit: number;
}

async function readSlice(stored: Reading, slice: Slice): Promise<readonly TimelineRow[]> {
  const direction = slice.order === 'oldest-first' ? 'ASC' : 'DESC';
  const cql = `SELECT * FROM ${tableName(stored, slice.table)}
    WHERE ${slice.where} AND position > ? AND position < ? ORDER BY position ${direction} LIMIT ?`;
  const ends = [long(slice.after ?? NO_POSITION), long(slice.before ?? Number.MAX_SAFE_INTEGER)];
  return (await stored.session.read({ cql, cells: [...slice.cells, ...ends, slice.limit] }, stored.copies)).map(
    timelineRow,
  );
}

// A conversation's timeline lies in buckets of 5,000 messages, so that no partition grows without end and all of them are
// about equally full. Where each bucket begins is a row; the first begins with the conversation and has none.
import { isMessageEvent, NO_POSITION, type ConversationId } from '@parley/domain';
import type { TimelineRange, TimelineRow } from '@parley/projections';
import { integer, long, positionIn, type Row } from './cells.ts';
import type { Copies, Session } from './session.ts';

const bucketMessages = 5_000;
/** Bucket rows in one read: a page rarely needs the second. */
const bucketsPerReadMax = 4;

export interface Bucket {
  readonly number: number;
  readonly firstPosition: number;
}

const FIRST_BUCKET: Bucket = { number: 0, firstPosition: NO_POSITION };

/** Other events have the ordinal of the message before them, and lie beside it. */
export const bucketOf = (ordinal: number): number => Math.floor(Math.max(0, ordinal - 1) / bucketMessages);

/** Each row tells by itself whether a bucket begins with it, so that replays in any order find the same buckets. */
export const beginsBucket = ({ stored, ordinal }: TimelineRow): boolean =>
  isMessageEvent(stored) && ordinal > 1 && (ordinal - 1) % bucketMessages === 0;

export interface BucketTable {
  readonly session: Session;
  readonly copies: Copies;
  readonly name: string;
}

/** The buckets that may hold rows of a range, from where its order begins. */
export function bucketsIn(
  table: BucketTable,
  conversationId: ConversationId,
  range: TimelineRange,
): AsyncIterable<Bucket> {
  const walk = { ...table, conversationId, ...range };
  return range.order === 'oldest-first' ? upwards(walk) : downwards(walk);
}

interface Walk extends BucketTable, TimelineRange {
  readonly conversationId: ConversationId;
}

async function* downwards(walk: Walk): AsyncIterable<Bucket> {
  const after = walk.after ?? NO_POSITION;
  let before: number = walk.before ?? Number.MAX_SAFE_INTEGER;
  for (;;) {
    const found = await bucketRows(walk, 'first_position < ? ORDER BY first_position DESC', [
      before,
      bucketsPerReadMax,
    ]);
    for (const bucket of found) {
      yield bucket;
      if (bucket.firstPosition <= after + 1) return;
      before = bucket.firstPosition;
    }
    if (found.length < bucketsPerReadMax) break;
  }
  yield FIRST_BUCKET;
}

async function* upwards(walk: Walk): AsyncIterable<Bucket> {
  let bucket = await bucketAround(walk, walk.after ?? NO_POSITION);
  const before = walk.before ?? Number.MAX_SAFE_INTEGER;
  yield bucket;
  for (;;) {
    const after = bucket.firstPosition;
    const found = await bucketRows(walk, 'first_position > ? ORDER BY first_position ASC', [after, bucketsPerReadMax]);
    for (bucket of found) {
      if (bucket.firstPosition >= before) return;
      yield bucket;
    }
    if (found.length < bucketsPerReadMax) return;
  }
}

async function bucketAround(walk: Walk, position: number): Promise<Bucket> {
  if (position === NO_POSITION) return FIRST_BUCKET;
  const [found] = await bucketRows(walk, 'first_position <= ? ORDER BY first_position DESC', [position, 1]);
  return found ?? FIRST_BUCKET;
}

async function bucketRows(
  { session, copies, name, conversationId }: Walk,
  condition: string,
  [position, limit]: readonly [position: number, limit: number],
): Promise<readonly Bucket[]> {
  const cql = `SELECT bucket, first_position FROM ${name} WHERE conversation_id = ? AND ${condition} LIMIT ?`;
  return (await session.read({ cql, cells: [conversationId, long(position), limit] }, copies)).map(bucketIn);
}

const bucketIn = (row: Row): Bucket => ({
  number: integer(row, 'bucket'),
  firstPosition: positionIn(row, 'first_position'),
});

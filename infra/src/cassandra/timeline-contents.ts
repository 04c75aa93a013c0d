// All of a timeline's tables: the events themselves, and whether what is kept beside them (look-ups, the second copy of
// conversation events, where buckets begin) agrees with them.
import { isMessageEvent, type ConversationId } from '@parley/domain';
import type { Flaw, ProjectionContents, StoredRows, TimelineRow } from '@parley/projections';
import { abreast } from '../stored-form/abreast.ts';
import { readable, Unreadable } from '../stored-form/readable.ts';
import type { PartitionStatement } from './batches.ts';
import { integer, type Row } from './cells.ts';
import { conversationsAtOnce, idsIn, lateCells, withWriteTimes } from './contents.ts';
import { BEFORE_REFOLD, remove, type StoredGeneration } from './projection-tables.ts';
import { tableName } from './schema.ts';
import { beginsBucket, bucketOf } from './timeline-buckets.ts';
import { EVENT_CELLS, HEAD_CELLS, timelineRow } from './timeline-rows.ts';

export function timelineContents(stored: StoredGeneration): ProjectionContents<TimelineRow> {
  return {
    conversationIds: () =>
      idsIn(stored, {
        heads: 'conversation_id',
        events: 'DISTINCT conversation_id, bucket',
        conversation_events: 'DISTINCT conversation_id',
        buckets: 'DISTINCT conversation_id',
      }),
    async *rows(shard, conversationIds) {
      await stored.bases.look(shard);
      yield* abreast(conversationIds, conversationsAtOnce, (id) => rowsOf(stored, id));
    },
  };
}

/** What is kept beside the events of one conversation, and not yet found to belong to one of them. */
interface Beside {
  readonly head: Row | undefined;
  /** By first position. */
  readonly buckets: Map<number, Row>;
  readonly conversationEvents: Map<number, Row>;
}

async function* rowsOf(
  stored: StoredGeneration,
  conversationId: ConversationId,
): AsyncGenerator<StoredRows<TimelineRow>> {
  const beside = await readBeside(stored, conversationId);
  for (const bucket of bucketNumbers(beside)) {
    const select = withWriteTimes(['conversation_id', 'bucket', 'position'], EVENT_CELLS);
    const cql = `SELECT ${select} FROM ${tableName(stored, 'events')}
      WHERE conversation_id = ? AND bucket = ? ORDER BY position ASC`;
    for await (const rows of stored.session.pages({ cql, cells: [conversationId, bucket] })) {
      const looked = await Promise.all(rows.map((row) => lookAt({ stored, conversationId, beside }, row)));
      yield { rows: looked.flatMap(({ row }) => row ?? []), flaws: looked.flatMap(({ flaws }) => flaws) };
    }
  }
  yield { rows: [], flaws: [...headFlaws(stored, conversationId, beside), ...leftOver(conversationId, beside)] };
}

async function readBeside(stored: StoredGeneration, conversationId: ConversationId): Promise<Beside> {
  const read = (table: string, select: string) =>
    stored.session.read({
      cql: `SELECT ${select} FROM ${tableName(stored, table)} WHERE conversation_id = ?`,
      cells: [conversationId],
    });
  const [[head], buckets, events] = await Promise.all([
    read('heads', withWriteTimes(['conversation_id'], HEAD_CELLS)),
    read('buckets', withWriteTimes(['first_position'], ['bucket'])),
    read('conversation_events', withWriteTimes(['conversation_id', 'position'], EVENT_CELLS)),
  ]);
  return {
    head,
    buckets: new Map(buckets.map((row) => [integer(row, 'first_position'), row])),
    conversationEvents: new Map(events.map((row) => [integer(row, 'position'), row])),
  };
}

/** As far as the head or any bucket's beginning knows of them. */
function bucketNumbers({ head, buckets }: Beside): readonly number[] {
  const ordinal = readable(() => (head ? integer(head, 'ordinal') : 0));
  const ofHead = ordinal instanceof Unreadable ? 0 : bucketOf(ordinal);
  const last = Math.max(ofHead, ...[...buckets.values()].map((row) => Number(row.get('bucket'))));
  return Array.from({ length: last + 1 }, (_, number) => number);
}

interface Looking {
  readonly stored: StoredGeneration;
  readonly conversationId: ConversationId;
  readonly beside: Beside;
}

async function lookAt(
  looking: Looking,
  row: Row,
): Promise<{ readonly row?: TimelineRow; readonly flaws: readonly Flaw[] }> {
  const { stored, conversationId } = looking;
  const meaning = readable(() => timelineRow(row));
  if (meaning instanceof Unreadable) return { flaws: [{ conversationId, problem: meaning.problem }] };
  const { position } = meaning.stored;
  const late = lateCells(stored, row, { table: 'events', columns: EVENT_CELLS, conversationId, position });
  const besides = [...bucketProblems(looking, row, meaning), ...(await copyProblems(looking, meaning))];
  return { row: meaning, flaws: [...late, ...besides.map((problem) => ({ conversationId, problem }))] };
}

function bucketProblems({ beside }: Looking, row: Row, meaning: TimelineRow): readonly string[] {
  const { position } = meaning.stored;
  const bucket = bucketOf(meaning.ordinal);
  const misplaced = integer(row, 'bucket') === bucket ? [] : [`events at ${position}: not in bucket ${bucket}`];
  if (!beginsBucket(meaning)) return misplaced;
  const begins = beside.buckets.get(position);
  beside.buckets.delete(position);
  return begins && integer(begins, 'bucket') === bucket
    ? misplaced
    : [...misplaced, `buckets: none begins at ${position}`];
}

/** A message has a look-up row, every other event a second copy. */
async function copyProblems(looking: Looking, row: TimelineRow): Promise<readonly string[]> {
  const { position } = row.stored;
  if (isMessageEvent(row.stored)) return lookUpProblems(looking, row);
  const copy = looking.beside.conversationEvents.get(position);
  looking.beside.conversationEvents.delete(position);
  if (!copy) return [`conversation_events: none at ${position}`];
  const meaning = readable(() => JSON.stringify(timelineRow(copy)));
  return meaning === JSON.stringify(row) ? [] : [`conversation_events at ${position}: not what the event is`];
}

async function lookUpProblems({ stored, conversationId }: Looking, row: TimelineRow): Promise<readonly string[]> {
  const { position } = row.stored;
  const cql = `SELECT position, bucket FROM ${tableName(stored, 'client_msg_ids')}
    WHERE conversation_id = ? AND sender_id = ? AND client_msg_id = ?`;
  const found = await stored.session.read({ cql, cells: [conversationId, ...lookUpKey(row)] });
  const own = found.find((each) => integer(each, 'position') === position);
  if (own === undefined) return [`client_msg_ids: none for position ${position}`];
  if (Number(own.get('bucket')) !== bucketOf(row.ordinal)) return [`client_msg_ids at ${position}: the wrong bucket`];
  // Of several the first one answers: it has to be a message of that very id.
  const [first] = found;
  return first === own || (await isMessageAt(stored, row, first))
    ? []
    : [`client_msg_ids: one too many before ${position}`];
}

const lookUpKey = ({ stored }: TimelineRow): readonly [string, string] => [
  stored.actorId,
  isMessageEvent(stored) ? stored.event.clientMsgId : '',
];

async function isMessageAt(stored: StoredGeneration, row: TimelineRow, found: Row | undefined): Promise<boolean> {
  if (found === undefined) return false;
  const cql = `SELECT * FROM ${tableName(stored, 'events')} WHERE conversation_id = ? AND bucket = ? AND position = ?`;
  const cells = [row.stored.conversationId, integer(found, 'bucket'), integer(found, 'position')];
  const [other] = await stored.session.read({ cql, cells });
  const meaning = readable(() => (other ? lookUpKey(timelineRow(other)).join() : ''));
  return meaning === lookUpKey(row).join();
}

function headFlaws(stored: StoredGeneration, conversationId: ConversationId, { head }: Beside): readonly Flaw[] {
  if (!head) return [];
  const position = Number(head.get('position'));
  return lateCells(stored, head, { table: 'heads', columns: HEAD_CELLS, conversationId, position });
}

function leftOver(conversationId: ConversationId, { buckets, conversationEvents }: Beside): readonly Flaw[] {
  const problems = [
    ...[...buckets.keys()].map((at) => `buckets: one begins at ${at}, no message does`),
    ...[...conversationEvents.keys()].map((at) => `conversation_events: one at ${at}, no event is there`),
  ];
  return problems.map((problem) => ({ conversationId, problem }));
}

/** Whatever `rows` can see. Where the rest lies is known from what goes last. */
export async function* timelineDeletions(
  stored: StoredGeneration,
  conversationIds: readonly ConversationId[],
): AsyncGenerator<readonly PartitionStatement[]> {
  for (const conversationId of conversationIds) {
    const beside = await readBeside(stored, conversationId);
    for (const bucket of bucketNumbers(beside)) yield* bucketDeletions(stored, conversationId, bucket);
    const where = { conversation_id: conversationId };
    yield ['conversation_events', 'buckets'].map((table) =>
      remove(stored, { table, where, partitionColumns: 1, conversationId, position: BEFORE_REFOLD }),
    );
  }
}

async function* bucketDeletions(
  stored: StoredGeneration,
  conversationId: ConversationId,
  bucket: number,
): AsyncGenerator<readonly PartitionStatement[]> {
  const gone = { conversationId, position: BEFORE_REFOLD };
  const cql = `SELECT * FROM ${tableName(stored, 'events')} WHERE conversation_id = ? AND bucket = ?`;
  for await (const rows of stored.session.pages({ cql, cells: [conversationId, bucket] })) {
    const meanings = rows.map((row) => readable(() => timelineRow(row)));
    const messages = meanings.filter(
      (row): row is TimelineRow => !(row instanceof Unreadable) && isMessageEvent(row.stored),
    );
    yield messages.map((row) => {
      const [sender_id, client_msg_id] = lookUpKey(row);
      const where = { conversation_id: conversationId, sender_id, client_msg_id };
      return remove(stored, { table: 'client_msg_ids', where, partitionColumns: 3, ...gone });
    });
  }
  const where = { conversation_id: conversationId, bucket };
  yield [remove(stored, { table: 'events', where, partitionColumns: 2, ...gone })];
}

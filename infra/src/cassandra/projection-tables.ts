// What every projection has in its generation: heads, parked conversations, checkpoints; and the order in which they are
// written. A projection adds its own tables and says how its rows become statements.
// Every write says `USING TIMESTAMP base + position`: of two writes of one row the one with the higher position stays,
// in whatever order replays and racing workers send them. A projection's rows depend on the log alone, so equals are equal.
import { NO_POSITION, type ConversationId, type Position, type Shard } from '@parley/domain';
import type { Batch, Head, HeadReads, ParkedConversation, ProjectionStore } from '@parley/projections';
import type { Bases } from './bases.ts';
import { writeAll, type PartitionStatement } from './batches.ts';
import { conversationIdIn, long, positionIn, text, type Row } from './cells.ts';
import { dropTables, tableName, type Generation, type Migration } from './schema.ts';
import type { Cell, Copies, Session } from './session.ts';

export interface StoredGeneration extends Generation {
  readonly session: Session;
  readonly migrations: readonly Migration[];
  /** Added to every position to make a timestamp. */
  readonly bases: Bases;
}

/** A store in which one conversation can be folded anew in place, while workers go on. */
export interface Repairable {
  /**
   * From here on what is written of the conversation wins over what was written before. `above` is no lower than any position
   * that was written. Then: note the log's head, fold the conversation from its first event up to there, and write it. A
   * worker that did not know yet writes what it wrote again before its checkpoint.
   */
  raise(shard: Shard, conversationId: ConversationId, above: Position): Promise<void>;
}

export interface Tables<H extends Head, R> {
  rows(rows: readonly R[]): readonly PartitionStatement[];
  heads(heads: readonly H[]): readonly PartitionStatement[];
  /** Of the table `heads`. */
  head(row: Row): H;
}

/** One row of a table, written whole. */
export interface Insert {
  readonly table: string;
  /** Of the partition key first. */
  readonly columns: Readonly<Record<string, Cell>>;
  readonly partitionColumns: number;
  /** Without one, the row is the shard's. */
  readonly conversationId?: ConversationId;
  readonly position: number;
}

export function insert(
  stored: StoredGeneration,
  { table, columns, partitionColumns, conversationId, position }: Insert,
): PartitionStatement {
  const names = Object.keys(columns);
  const cells = Object.values(columns);
  const places = names.map(() => '?').join(', ');
  return {
    cql: `INSERT INTO ${tableName(stored, table)} (${names.join(', ')}) VALUES (${places}) USING TIMESTAMP ?`,
    cells: [...cells, long(stored.bases.of(conversationId)).add(long(position))], // may need more digits than a number has
    partition: [table, ...cells.slice(0, partitionColumns)].join(' '),
  };
}

export function createProjectionStore<H extends Head, R>(
  stored: StoredGeneration,
  tables: Tables<H, R>,
): ProjectionStore<H, R> & Repairable {
  const { session, bases } = stored;
  return {
    ...headReads(stored, tables, 'quorum'),

    async write(shard, batch) {
      const isTouched = (id: ConversationId) => batch.heads.some(({ conversationId }) => conversationId === id);
      do {
        await writeAll(session, tables.rows(batch.rows));
        await writeAll(session, [...tables.heads(batch.heads), ...parkedRows(stored, shard, batch)]);
      } while ([...(await bases.look(shard))].some(isTouched));
      await writeAll(session, [checkpointRow(stored, shard, batch)]);
    },

    raise: (shard, conversationId, above) => bases.raise(shard, conversationId, above),

    async drop() {
      await dropTables(session, stored, stored.migrations);
    },
  };
}

export function headReads<H extends Head, R>(
  stored: StoredGeneration,
  tables: Pick<Tables<H, R>, 'head'>,
  copies: Copies,
): HeadReads<H> {
  const { session } = stored;
  const [heads, parked, checkpoints] = ['heads', 'parked', 'checkpoints'].map((name) => tableName(stored, name));
  return {
    async checkpoint(shard) {
      const cql = `SELECT position FROM ${checkpoints} WHERE shard = ?`;
      const [row] = await session.read({ cql, cells: [shard] }, copies);
      return row === undefined ? NO_POSITION : positionIn(row, 'position');
    },

    async heads(conversationIds) {
      const cql = `SELECT * FROM ${heads} WHERE conversation_id = ?`;
      const wanted = [...new Set(conversationIds)];
      const found = await Promise.all(wanted.map((id) => session.read({ cql, cells: [id] }, copies)));
      return new Map(found.flat().map((row): [ConversationId, H] => [conversationIdIn(row), tables.head(row)]));
    },

    async parked(shard) {
      const cql = `SELECT conversation_id, position, reason FROM ${parked} WHERE shard = ?`;
      return earliest((await session.read({ cql, cells: [shard] }, copies)).map(parkedConversation));
    },
  };
}

/** Workers may park a conversation at different events: the first of them counts, and the rows come in that order. */
const earliest = (parked: readonly ParkedConversation[]): readonly ParkedConversation[] => [
  ...new Map(parked.toReversed().map((one) => [one.conversationId, one])).values(),
];

function parkedRows(
  stored: StoredGeneration,
  shard: Shard,
  batch: Batch<Head, unknown>,
): readonly PartitionStatement[] {
  return batch.parked.map(({ conversationId, position, reason }) => {
    const columns = { shard, conversation_id: conversationId, position: long(position), reason };
    return insert(stored, { table: 'parked', columns, partitionColumns: 1, position });
  });
}

function checkpointRow(stored: StoredGeneration, shard: Shard, batch: Batch<Head, unknown>): PartitionStatement {
  const columns = { shard, position: long(batch.checkpoint) };
  return insert(stored, { table: 'checkpoints', columns, partitionColumns: 1, position: batch.checkpoint });
}

const parkedConversation = (row: Row): ParkedConversation => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  reason: text(row, 'reason'),
});

// What every projection has in its generation: heads, parked conversations, checkpoints. A projection adds its own tables and
// says how its rows become statements.
// Every write says `USING TIMESTAMP base + position`: of two writes of one row the one with the higher position stays,
// in whatever order replays and racing workers send them. A projection's rows depend on the log alone, so equals are equal.
import type { ConversationId, Shard } from '@parley/domain';
import type { Head, ParkedConversation, ProjectionContents } from '@parley/projections';
import type { Bases } from './bases.ts';
import type { PartitionStatement } from './batches.ts';
import { long, type Row, type Cell } from './cells.ts';
import { tableName, type Generation, type Migration } from './schema.ts';
import type { Session } from './session.ts';

export interface StoredGeneration extends Generation {
  readonly session: Session;
  readonly migrations: readonly Migration[];
  /** Added to every position to make a timestamp. */
  readonly bases: Bases;
}

export interface Tables<H extends Head, R> {
  rows(rows: readonly R[]): readonly PartitionStatement[];
  heads(heads: readonly H[]): readonly PartitionStatement[];
  /** Of the table `heads`. */
  head(row: Row): H;
  /** All that is stored of conversations but their heads: statements that delete it, in bounded steps. */
  deletions(conversationIds: readonly ConversationId[]): AsyncIterable<readonly PartitionStatement[]>;
  readonly contents: ProjectionContents<R>;
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
  const cells = Object.values(columns);
  return {
    cql: insertCql(stored, table, Object.keys(columns)),
    cells: [...cells, long(stored.bases.of(conversationId)).add(long(position))], // may need more digits than a number has
    ...partitionOf(table, cells.slice(0, partitionColumns)),
  };
}

const partitionOf = (table: string, key: readonly Cell[]) => ({ key, partition: [table, ...key].join(' ') });

/** Each text once: the driver looks for a prepared statement by its text, which is quick when it is the very same one. */
const insertTexts = new WeakMap<StoredGeneration, Map<string, string>>();

function insertCql(stored: StoredGeneration, table: string, columns: readonly string[]): string {
  const texts = insertTexts.get(stored) ?? new Map<string, string>();
  insertTexts.set(stored, texts);
  const names = columns.join(', ');
  const key = `${table} ${names}`;
  const known = texts.get(key);
  if (known !== undefined) return known;
  const places = columns.map(() => '?').join(', ');
  const cql = `INSERT INTO ${tableName(stored, table)} (${names}) VALUES (${places}) USING TIMESTAMP ?`;
  texts.set(key, cql);
  return cql;
}

/** Rows that go, whole partitions of them or all below what is named. */
export interface Remove {
  readonly table: string;
  /** Of the partition key first. */
  readonly where: Readonly<Record<string, Cell>>;
  readonly partitionColumns: number;
  readonly conversationId: ConversationId;
  /** What was written for positions up to here goes: at `BEFORE_REFOLD` all from before the last refold. */
  readonly position: number;
}

/** Below every timestamp of the conversation's present base, and no lower than any of the one before. */
export const BEFORE_REFOLD = -1;

export function remove(
  stored: StoredGeneration,
  { table, where, partitionColumns, conversationId, position }: Remove,
): PartitionStatement {
  const cells = Object.values(where);
  const condition = Object.keys(where).map((name) => `${name} = ?`);
  return {
    cql: `DELETE FROM ${tableName(stored, table)} USING TIMESTAMP ? WHERE ${condition.join(' AND ')}`,
    cells: [long(stored.bases.of(conversationId)).add(long(position)), ...cells],
    ...partitionOf(table, cells.slice(0, partitionColumns)),
  };
}

/** With timestamps of the conversation's own base: what was parked before a refold goes with it, what is parked later stays. */
export function parkedRows(
  stored: StoredGeneration,
  shard: Shard,
  parked: readonly ParkedConversation[],
): readonly PartitionStatement[] {
  return parked.map(({ conversationId, position, reason }) => {
    const columns = { shard, conversation_id: conversationId, position: long(position), reason };
    return insert(stored, { table: 'parked', columns, partitionColumns: 1, conversationId, position });
  });
}

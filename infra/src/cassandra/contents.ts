// All that is stored, for whoever compares it with the log: which conversations there are, and when cells say they were written.
import type { ConversationId } from '@parley/domain';
import type { Flaw } from '@parley/projections';
import { conversationIdIn, type Row } from './cells.ts';
import type { StoredGeneration } from './projection-tables.ts';
import { tableName } from './schema.ts';

/** Conversations whose rows are read at one time. */
export const conversationsAtOnce = 16;

/** What `SELECT` names: every column, and when each of those outside the primary key was written. */
export const withWriteTimes = (key: readonly string[], columns: readonly string[]): string =>
  [...key, ...columns, ...columns.map((column) => `WRITETIME(${column}) AS written_${column}`)].join(', ');

export interface Written {
  readonly table: string;
  readonly columns: readonly string[];
  readonly conversationId: ConversationId;
  /** Of the event that made the row. */
  readonly position: number;
}

/** Cells later than anything of ours can have written them: what we write never wins over them. */
export function lateCells(stored: StoredGeneration, row: Row, written: Written): readonly Flaw[] {
  const { table, columns, conversationId, position } = written;
  const latest = stored.bases.of(conversationId) + position;
  return columns.flatMap((column) => {
    const at = Number(row.get(`written_${column}`) ?? 0);
    if (at <= latest) return [];
    const problem = `${table}.${column} at ${position}: its timestamp ${at} is from the future, ours is ${latest}`;
    return [{ conversationId, problem, isLasting: true }];
  });
}

/** Every conversation in these tables; `distinct` are those whose partition key begins with it. */
export async function* idsIn(
  stored: StoredGeneration,
  tables: Readonly<Record<string, string>>,
): AsyncGenerator<readonly ConversationId[]> {
  for (const [table, columns] of Object.entries(tables)) {
    const cql = `SELECT ${columns} FROM ${tableName(stored, table)}`;
    for await (const rows of stored.session.pages({ cql, cells: [] })) yield [...new Set(rows.map(conversationIdIn))];
  }
}

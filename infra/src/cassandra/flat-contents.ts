// All that is stored of conversations in a flat projection. Rows lie with their partitions: whose they are is found by going through
// all of them, once for all the conversations that are asked for.
import { NO_POSITION, type ConversationId } from '@parley/domain';
import {
  columnName,
  placeKey,
  type FlatRow,
  type FlatTable,
  type ProjectionContents,
  type StoredRows,
} from '@parley/projections';
import { abreast } from '../stored-form/abreast.ts';
import { readable, Unreadable } from '../stored-form/readable.ts';
import type { PartitionStatement } from './batches.ts';
import { conversationIdIn, type Row, type Cell } from './cells.ts';
import { conversationsAtOnce, idsIn, lateCells, withWriteTimes } from './contents.ts';
import { remove, type StoredGeneration } from './projection-tables.ts';
import { tableName } from './schema.ts';

export interface FlatRows<R extends FlatRow> {
  readonly stored: StoredGeneration;
  readonly table: FlatTable;
  /** What a row of `entries` says; throws when it cannot be read. */
  row(row: Row): R;
}

const rowsPerStepMax = 500;
const HEAD_CELLS = ['position', 'head'];

export function flatContents<R extends FlatRow>(entries: FlatRows<R>): ProjectionContents<R> {
  const { stored } = entries;
  return {
    conversationIds: () => idsIn(stored, { heads: 'conversation_id', entries: 'conversation_id' }),
    async *rows(shard, conversationIds) {
      await stored.bases.look(shard);
      const found = await rowsOf(entries, conversationIds);
      for (const [id, rows] of found) yield* stepsOf(entries, id, rows);
      yield* abreast(conversationIds, conversationsAtOnce, (id) => headFlaws<R>(stored, id));
    },
  };
}

export async function* flatDeletions<R extends FlatRow>(
  entries: FlatRows<R>,
  conversationIds: readonly ConversationId[],
): AsyncGenerator<readonly PartitionStatement[]> {
  const { stored, table } = entries;
  const names = [...table.partition, ...table.key].map(columnName);
  const partitionColumns = table.partition.length;
  for (const [conversationId, rows] of await rowsOf(entries, conversationIds)) {
    yield rows.map((row) => {
      const where = {
        ...Object.fromEntries(names.map((name) => [name, row.get(name) as Cell])),
        conversation_id: conversationId,
      };
      return remove(stored, { table: 'entries', where, partitionColumns, conversationId, position: NO_POSITION });
    });
  }
}

async function rowsOf<R extends FlatRow>(
  { stored, table }: FlatRows<R>,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, readonly Row[]>> {
  const found = new Map(conversationIds.map((id): [ConversationId, Row[]] => [id, []]));
  const select = withWriteTimes(
    ['conversation_id', ...[...table.partition, ...table.key].map(columnName)],
    values(table),
  );
  const cql = `SELECT ${select} FROM ${tableName(stored, 'entries')}`;
  for await (const rows of stored.session.pages({ cql, cells: [] })) {
    for (const row of rows) found.get(conversationIdIn(row))?.push(row);
  }
  return found;
}

/** Columns outside the primary key. */
const values = ({ columns, partition, key }: FlatTable): readonly string[] =>
  ['position', ...Object.keys(columns).filter((name) => ![...partition, ...key].includes(name))].map(columnName);

function* stepsOf<R extends FlatRow>(
  entries: FlatRows<R>,
  conversationId: ConversationId,
  rows: readonly Row[],
): Generator<StoredRows<R>> {
  const { stored, table } = entries;
  const looked = rows.map((row) => ({ row, meaning: readable(() => entries.row(row)) }));
  const problems = looked.flatMap(({ meaning }) => (meaning instanceof Unreadable ? meaning.problem : []));
  const late = looked.flatMap(({ row, meaning }) => {
    if (meaning instanceof Unreadable) return [];
    const { position } = meaning;
    return lateCells(stored, row, { table: 'entries', columns: values(table), conversationId, position });
  });
  yield { rows: [], flaws: [...problems.map((problem) => ({ conversationId, problem })), ...late] };
  const meanings = looked
    .flatMap(({ meaning }) => (meaning instanceof Unreadable ? [] : meaning))
    .toSorted(byPlace(table));
  for (let from = 0; from < meanings.length; from += rowsPerStepMax) {
    yield { rows: meanings.slice(from, from + rowsPerStepMax), flaws: [] };
  }
}

const byPlace = (table: FlatTable) => (a: FlatRow, b: FlatRow) => (placeKey(table, a) < placeKey(table, b) ? -1 : 1);

async function* headFlaws<R>(stored: StoredGeneration, conversationId: ConversationId): AsyncGenerator<StoredRows<R>> {
  const cql = `SELECT ${withWriteTimes(['conversation_id'], HEAD_CELLS)} FROM ${tableName(stored, 'heads')} WHERE conversation_id = ?`;
  const [row] = await stored.session.read({ cql, cells: [conversationId] });
  if (row === undefined) return;
  const position = Number(row.get('position'));
  const flaws = lateCells(stored, row, { table: 'heads', columns: HEAD_CELLS, conversationId, position });
  if (flaws.length > 0) yield { rows: [], flaws };
}

// Any flat projection in Cassandra or ScyllaDB, from its table alone: one for its rows, by partition, and one for its heads.
import {
  columnName,
  type FlatProjection,
  type FlatRow,
  type FlatStore,
  type FlatTable,
  type Head,
} from '@parley/projections';
import type { PartitionStatement } from './batches.ts';
import { conversationIdIn, integer, long, positionIn, text, type Row, type Cell } from './cells.ts';
import { flatContents, flatDeletions, type FlatRows } from './flat-contents.ts';
import { createProjectionStore } from './projection-store.ts';
import { insert, type StoredGeneration } from './projection-tables.ts';
import { RAISED, REFOLDS, SHARED_TABLES, tableName, type Migration } from './schema.ts';

export function flatMigrations({ columns, partition, key }: FlatTable): readonly Migration[] {
  const cells = Object.entries(columns).map(
    ([column, kind]) => `${columnName(column)} ${kind === 'text' ? 'text' : 'bigint'}`,
  );
  const names = (some: readonly string[]): string => some.map(columnName).join(', ');
  const primaryKey = [`(${names(partition)})`, ...key.map(columnName), 'conversation_id'].join(', ');
  const entries = `conversation_id text, position bigint, ${cells.join(', ')}, PRIMARY KEY (${primaryKey})`;
  const heads = 'conversation_id text PRIMARY KEY, position bigint, head text';
  return [
    {
      version: 1,
      tables: [{ name: 'entries', columns: entries }, { name: 'heads', columns: heads }, ...SHARED_TABLES],
    },
    RAISED,
    REFOLDS,
  ];
}

export function createFlatStore<H extends Head, R extends FlatRow>(
  stored: StoredGeneration,
  { table }: FlatProjection<H, R>,
): FlatStore<H, R> {
  const rowOf = rowReader(table) as (row: Row) => R;
  const entries: FlatRows<R> = { stored, table, row: rowOf };
  const condition = table.partition.map((column) => `${columnName(column)} = ?`).join(' AND ');
  const cql = `SELECT * FROM ${tableName(stored, 'entries')} WHERE ${condition}`;
  return {
    ...createProjectionStore<H, R>(stored, {
      rows: (rows) => rows.map((row) => entryRow(stored, table, row)),
      heads: (heads) => heads.map((head) => headRow(stored, head)),
      head: headIn as (row: Row) => H,
      deletions: (ids) => flatDeletions(entries, ids),
      contents: flatContents(entries),
    }),
    async find(...partition) {
      return (await stored.session.read({ cql, cells: cellsIn(table, table.partition, partition) })).map(rowOf);
    },
  };
}

function entryRow(stored: StoredGeneration, table: FlatTable, row: FlatRow): PartitionStatement {
  const { conversationId, position } = row;
  const own = new Map<string, unknown>(Object.entries(row));
  const rest = Object.keys(table.columns).filter((column) => !table.partition.includes(column));
  const names = [...table.partition, ...rest];
  const cells = cellsIn(
    table,
    names,
    names.map((name) => own.get(name)),
  );
  const columns = {
    ...Object.fromEntries(names.map((name, index) => [columnName(name), cells[index] ?? null])),
    conversation_id: conversationId,
    position: long(position),
  };
  return insert(stored, {
    table: 'entries',
    columns,
    partitionColumns: table.partition.length,
    conversationId,
    position,
  });
}

/** As the columns of these names take them. */
function cellsIn({ columns }: FlatTable, names: readonly string[], values: readonly unknown[]): readonly Cell[] {
  return names.map((name, index) => (columns[name] === 'text' ? String(values[index]) : long(Number(values[index]))));
}

function rowReader({ columns }: FlatTable): (row: Row) => FlatRow {
  const cells = Object.entries(columns).map(([column, kind]) => ({ column, kind, name: columnName(column) }));
  return (row) => ({
    conversationId: conversationIdIn(row),
    position: positionIn(row, 'position'),
    ...Object.fromEntries(
      cells.map(({ column, kind, name }) => [column, kind === 'text' ? text(row, name) : integer(row, name)]),
    ),
  });
}

function headRow(stored: StoredGeneration, { conversationId, position, ...rest }: Head): PartitionStatement {
  const columns = { conversation_id: conversationId, position: long(position), head: JSON.stringify(rest) };
  return insert(stored, { table: 'heads', columns, partitionColumns: 1, conversationId, position });
}

const headIn = (row: Row): Head => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  ...(JSON.parse(text(row, 'head')) as object),
});

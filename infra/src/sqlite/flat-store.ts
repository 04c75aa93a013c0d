// Any flat projection in SQLite, from its table alone: one for its rows, one for its heads.
import {
  columnName,
  placeSeparator,
  type Cell,
  type FlatProjection,
  type FlatRow,
  type FlatStore,
  type FlatTable,
  type Head,
} from '@parley/projections';
import { conversationIdIn, integer, positionIn, text } from './cells.ts';
import type { File } from './file.ts';
import { createProjectionStore, SHARED_SCHEMA, type Tables } from './projection-tables.ts';
import type { Parameters, Row } from './requests.ts';

/** Its index is part of how rows are found: it is made at once. */
export const flatForm = (table: FlatTable) => ({ schema: flatSchema(table), indexes: [] });

function flatSchema({ columns, partition, key }: FlatTable): string {
  const cells = Object.entries(columns).map(
    ([column, kind]) => `${columnName(column)} ${kind === 'text' ? 'TEXT' : 'INTEGER'} NOT NULL`,
  );
  const keyNames = [...partition, ...key].map(columnName);
  const place = keyNames.join(` || char(${placeSeparator.codePointAt(0)}) || `);
  return `
CREATE TABLE heads (
  conversation_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  head TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entries (
  conversation_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  ${cells.join(',\n  ')},
  place TEXT GENERATED ALWAYS AS (${place}) VIRTUAL,
  PRIMARY KEY (${keyNames.join(', ')}, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX places ON entries (conversation_id, place);
${SHARED_SCHEMA}`;
}

export function createFlatStore<H extends Head, R extends FlatRow>(
  file: File,
  { table }: FlatProjection<H, R>,
): FlatStore<H, R> {
  const { path } = file;
  const wanted = table.partition.map((column) => `${columnName(column)} = ?`).join(' AND ');
  const sql = `SELECT * FROM entries WHERE ${wanted}`;
  const rowOf = rowReader(table) as (row: Row) => R;
  return {
    ...createProjectionStore(file, flatTables<H, R>(table, rowOf)),
    async find(...parameters) {
      return (await file.ask({ type: 'read', path, sql, parameters })).map(rowOf);
    },
  };
}

const RAISE_HEAD = `
INSERT INTO heads (conversation_id, position, head) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET position = excluded.position, head = excluded.head WHERE excluded.position > position`;

function flatTables<H extends Head, R extends FlatRow>(table: FlatTable, rowOf: (row: Row) => R): Tables<H, R> {
  const columns = ['conversationId', 'position', ...Object.keys(table.columns)];
  const raise = raiseSql(columns.map(columnName));
  return {
    steps: (rows, heads) => [
      { sql: raise, rows: rows.map((row) => cellsOf(row, columns)) },
      { sql: RAISE_HEAD, rows: heads.map(headCells) },
    ],
    indexes: [],
    headsSql: 'SELECT * FROM heads WHERE conversation_id IN (SELECT value FROM json_each(?))',
    head: headIn as (row: Row) => H,
    ofConversations: ['heads', 'entries'],
    contents: {
      sql: 'SELECT * FROM entries WHERE conversation_id = ? AND place > ? ORDER BY place LIMIT ?',
      begin: '',
      cell: (row) => text(row, 'place'),
      row: rowOf,
    },
  };
}

const raiseSql = (names: readonly string[]): string => `
INSERT INTO entries (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}
WHERE excluded.position > position`;

function cellsOf(row: object, columns: readonly string[]): readonly Cell[] {
  const cells = new Map<string, Cell>(Object.entries(row));
  return columns.map((column) => cells.get(column) ?? '');
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

function headCells({ conversationId, position, ...rest }: Head): Parameters {
  return [conversationId, position, JSON.stringify(rest)];
}

const headIn = (row: Row): Head => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  ...(JSON.parse(text(row, 'head')) as object),
});

// A projection whose rows are flat: texts and numbers, asked for by some of them. Every adapter stores it from its table alone
// (`infra/src/*/flat-store.ts`), so a new read model is a fold and a table (docs/guides/new-projection.md). What needs more, as the
// timeline does, has stores of its own.
import type { ConversationId, Position } from '@parley/domain';
import type { FullStore, Head, Projection, VerifiableProjection } from '../projection.ts';

/** Besides these, any columns. */
export interface FlatRow {
  readonly conversationId: ConversationId;
  /** Of the event that made it: of two rows with one key the one of the higher position stays. */
  readonly position: Position;
}

export type Cell = string | number;

export type CellKind = 'text' | 'integer';

export interface FlatTable {
  /** Besides those of `FlatRow`. Integers are safe ones; texts of the key have no control characters. */
  readonly columns: Readonly<Record<string, CellKind>>;
  /** Rows that are asked for together have the same of these. */
  readonly partition: readonly string[];
  /** Which row it is, among those of its partition and its conversation. */
  readonly key: readonly string[];
}

export interface FlatProjection<H extends Head, Row extends FlatRow> extends VerifiableProjection<H, Row> {
  readonly table: FlatTable;
}

/** A head is anything JSON can hold. */
export interface FlatStore<H extends Head, Row extends FlatRow> extends FullStore<H, Row> {
  /** Every row of a partition, whatever its conversation: in no order, and as far as it is folded. */
  find(...partition: readonly Cell[]): Promise<readonly Row[]>;
}

type ColumnOf<Row> = Exclude<keyof Row & string, keyof FlatRow>;

type Definition<H extends Head, Row extends FlatRow> = Projection<H, Row> & {
  readonly table: {
    readonly columns: { readonly [column in ColumnOf<Row>]: Row[column] extends string ? 'text' : 'integer' };
    readonly partition: readonly ColumnOf<Row>[];
    readonly key: readonly ColumnOf<Row>[];
  };
};

/** `name` is lower case, with `_`: tables and files are named after it. */
export function flatProjection<H extends Head, Row extends FlatRow>(
  definition: Definition<H, Row>,
): FlatProjection<H, Row> {
  const { table } = definition;
  return {
    ...definition,
    place: (row) => ({ conversationId: row.conversationId, position: row.position, key: placeKey(table, row) }),
  };
}

/** In SQL it is a column of its own: the cells that tell a row from others of its conversation. */
export const placeSeparator = '\u001F';

export function placeKey({ partition, key }: FlatTable, row: object): string {
  const cells = new Map<string, unknown>(Object.entries(row));
  return [...partition, ...key].map((column) => cells.get(column)).join(placeSeparator);
}

/** `userId` is `user_id` in a database. */
export const columnName = (column: string): string =>
  column.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

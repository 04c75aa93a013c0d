// Cells of a row as what they are, and numbers as what a bigint column takes. A cell of another type is a mistake in our
// CQL, so it throws.
import { position, type ConversationId, type Position } from '@parley/domain';
import { types } from 'cassandra-driver';

/** What a column takes. */
export type Cell = string | number | boolean | null | types.Long;

/** A cell is whatever the driver made of its column. */
export interface Row {
  get(column: string): unknown;
}

/** `long` is for bigint columns: a plain number would lose digits above 2^53 once a base is added to it. */
export const long = (value: number): types.Long => types.Long.fromNumber(value);

export function text(row: Row, column: string): string {
  const cell = row.get(column);
  if (typeof cell !== 'string') throw new TypeError(`${column} is no text`);
  return cell;
}

/** Positions, counts and times: all of them safe integers. */
export function integer(row: Row, column: string): number {
  const cell = row.get(column);
  if (cell instanceof types.Long) return cell.toNumber();
  if (typeof cell !== 'number') throw new TypeError(`${column} is no integer`);
  return cell;
}

export function flag(row: Row, column: string): boolean {
  const cell = row.get(column);
  if (typeof cell !== 'boolean') throw new TypeError(`${column} is no boolean`);
  return cell;
}

export const textOrNothing = (row: Row, column: string): string | undefined =>
  row.get(column) === null ? undefined : text(row, column);

export const positionIn = (row: Row, column: string): Position => position(integer(row, column));

export const conversationIdIn = (row: Row): ConversationId => text(row, 'conversation_id') as ConversationId;

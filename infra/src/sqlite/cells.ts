// Cells of a row as what they are. A cell of another type is a mistake in our SQL, so it throws.
import { position, type ConversationId, type Position } from '@parley/domain';
import type { Row } from './requests.ts';

export function text(row: Row, column: string): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw new TypeError(`${column} is no text`);
  return cell;
}

/** Positions, counts and times: all of them safe integers. */
export function integer(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw new TypeError(`${column} is no integer`);
  return cell;
}

export const textOrNothing = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : text(row, column);

export const conversationIdIn = (row: Row): ConversationId => text(row, 'conversation_id') as ConversationId;

export const positionIn = (row: Row, column: string): Position => position(integer(row, column));

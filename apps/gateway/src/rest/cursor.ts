// Opaque cursors: where a page ended. One of another log epoch, or another call, is as wrong as garbage.
import type { Refusal } from '@parley/protocol';

/** What distinguishes a call's cursors from another's: `conversations`, or `members` of one conversation. */
export interface CursorScope {
  readonly logEpoch: number;
  readonly of: string;
}

export type CursorPlace = readonly (string | number)[];

export const encodeCursor = ({ logEpoch, of }: CursorScope, place: CursorPlace): string =>
  Buffer.from(JSON.stringify([logEpoch, of, ...place])).toString('base64url');

/** Undefined for a cursor that is not one of ours. */
export function decodeCursor({ logEpoch, of }: CursorScope, text: string): CursorPlace | undefined {
  const value: unknown = parse(Buffer.from(text, 'base64url').toString());
  if (!isList(value)) return undefined;
  const [epoch, scope, ...place] = value;
  return epoch === logEpoch && scope === of && place.every(isPlain) ? place : undefined;
}

export const badCursor: { readonly refusal: Refusal } = {
  refusal: { type: 'BadFrame', reason: 'cursor: is not one of ours, or too old' },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // garbage, as the caller says
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const isPlain = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

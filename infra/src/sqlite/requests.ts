// What the main thread and the SQLite worker say to each other. Plain values only: they cross by structured clone.
// The worker knows SQL and files; what a table means is known to the stores on the main thread.
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, SQLOutputValue>>;
export type Parameters = readonly SQLInputValue[];

/** Rows on their way between the threads: an object for each would carry the names of its columns along. */
export interface Table {
  readonly columns: readonly string[];
  /** By the place of the column. */
  readonly rows: readonly Readonly<Record<number, SQLOutputValue>>[];
}

export const NO_ROWS: Table = { columns: [], rows: [] };

export function rowsOf({ columns, rows }: Table): readonly Row[] {
  return rows.map((cells) => {
    const row: Record<string, SQLOutputValue> = {};
    for (const [at, column] of columns.entries()) row[column] = cells[at] ?? null;
    return row;
  });
}

/** One generation of one projection. */
export interface DatabaseFile {
  readonly path: string;
  /** DDL of a new file. A file that was begun with another one is of no use. */
  readonly schema: string;
  /** What readers need beside it, each `IF NOT EXISTS`. A guest fills a file that it begins before it makes them. */
  readonly indexes: readonly string[];
  /** What the file must say about itself to be of use. */
  readonly identity: Identity;
  /** Somebody else's: one that is of no use is left alone, and not opened. */
  readonly isGuest: boolean;
}

interface Identity {
  readonly projection: string;
  readonly version: number;
  readonly generation: number;
  readonly logEpoch: number;
}

/** The same statement for many rows. */
export interface WriteStep {
  readonly sql: string;
  readonly rows: readonly Parameters[];
}

export type Request =
  /** Files of another epoch of the log go, each reported: nobody reads them, and each is in the way of one of ours. */
  | { readonly type: 'sweep'; readonly directory: string; readonly logEpoch: number }
  /** From here on the file answers; one that is of no use is begun anew, and reported. */
  | { readonly type: 'open'; readonly file: DatabaseFile }
  | { readonly type: 'read'; readonly path: string; readonly sql: string; readonly parameters: Parameters }
  /** All steps in order, or none of them. */
  | { readonly type: 'write'; readonly path: string; readonly steps: readonly WriteStep[] }
  | { readonly type: 'drop'; readonly path: string }
  /** From here on it does not answer; the file stays. */
  | { readonly type: 'release'; readonly path: string }
  /** Closes every file and ends the worker. */
  | { readonly type: 'close' };

export interface Asked {
  readonly id: number;
  readonly request: Request;
}

export type Told =
  | { readonly type: 'rows'; readonly id: number; readonly table: Table }
  /** `isWorldly`: not a mistake of ours; trying again may help. */
  | { readonly type: 'failed'; readonly id: number; readonly reason: string; readonly isWorldly: boolean }
  | { readonly type: 'discarded'; readonly discarded: Discarded };

/** A file was thrown away. Nothing is lost but time: its projection is folded again from the log. */
export interface Discarded {
  readonly path: string;
  /** False: it was being opened and is begun anew at once. True: it stays away until it is opened again. */
  readonly isServing: boolean;
  readonly reason: string;
}

// SQLite's result codes as the two questions we have: is the file broken, and is it the world's fault or ours?
// https://sqlite.org/rescode.html

const WORLDLY_CODES: ReadonlySet<number> = new Set([
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
]);

const CORRUPT_CODES: ReadonlySet<number> = new Set([
  11, // SQLITE_CORRUPT
  26, // SQLITE_NOTADB
]);

export const isWorldly = (error: unknown): boolean => WORLDLY_CODES.has(primaryCode(error)) || isCorrupt(error);

export const isCorrupt = (error: unknown): boolean => CORRUPT_CODES.has(primaryCode(error));

/** The low byte of an extended result code; 0 for what SQLite did not say. */
function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}

// The limit of the embedded store: node:sqlite alone, one table with the timeline's indexes, in the same mode.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const rows = 50_000;
const rowsEach = 500;
const conversations = 100;
const pagesRead = 2_000;

export interface RawSqlite {
  /** In transactions of 500. */
  readonly rowsPerSecond: number;
  /** Of one page, the median. */
  readonly pageMs: number;
}

export function rawSqlite(pageEntries: number): RawSqlite {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-raw-sqlite-'));
  const database = new DatabaseSync(path.join(folder, 'raw.sqlite'));
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec(`CREATE TABLE events (conversation_id TEXT, position INTEGER, client_msg_id TEXT, event TEXT, PRIMARY KEY (conversation_id, position)) STRICT;
      CREATE INDEX by_client ON events (conversation_id, client_msg_id);`);
    return { rowsPerSecond: writeRows(database), pageMs: readPages(database, pageEntries) };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

function writeRows(database: DatabaseSync): number {
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?)');
  const event = JSON.stringify({
    type: 'message.sent',
    clientMsgId: crypto.randomUUID(),
    body: 'x'.repeat(128),
    rest: 'y'.repeat(150),
  });
  const startedMs = performance.now();
  for (let from = 0; from < rows; from += rowsEach) {
    database.exec('BEGIN IMMEDIATE');
    for (let at = from; at < from + rowsEach; at++)
      insert.run(`g_${at % conversations}`, at, crypto.randomUUID(), event);
    database.exec('COMMIT');
  }
  return rows / ((performance.now() - startedMs) / 1_000);
}

function readPages(database: DatabaseSync, pageEntries: number): number {
  const select = database.prepare(
    'SELECT * FROM events WHERE conversation_id = ? AND position < ? ORDER BY position DESC LIMIT ?',
  );
  const times: number[] = [];
  for (let nth = 0; nth < pagesRead; nth++) {
    const startedMs = performance.now();
    select.all(`g_${nth % conversations}`, rows, pageEntries);
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[pagesRead / 2] ?? Number.NaN;
}

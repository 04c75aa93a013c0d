// One open file in the worker: connection, prepared statements, transactions. Everything here blocks; it runs nowhere else.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { text } from './cells.ts';
import { rowsOf, type DatabaseFile, type Discarded, type Parameters, type Table, type WriteStep } from './requests.ts';
import { isCorrupt } from './sqlite-error.ts';

/** How long a statement waits for another process's lock (an operator's `sqlite3`). */
const busyTimeoutMs = 2_000;

// synchronous=NORMAL: a power cut may take the last transactions, never half of one. The log is the truth, and rows and
// checkpoint are one transaction, so what is lost is folded again. It saves an fsync per batch.
// A batch touches a page or two of each of its conversations; the larger the write-ahead log, the more batches share one
// copy of a page back into the file (64 MiB of it: twice the rows per second of the default 4).
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 16384;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -65536;
`;

const META_SCHEMA = 'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;';

interface Prepared {
  readonly statement: StatementSync;
  readonly columns: readonly string[];
}

export class Database implements Disposable {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();

  constructor(path: string) {
    this.#connection = new DatabaseSync(path, { timeout: busyTimeoutMs });
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  read(sql: string, parameters: Parameters): Table {
    const { statement, columns } = this.#prepared(sql);
    return { columns, rows: statement.all(...parameters) };
  }

  write(steps: readonly WriteStep[]): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      for (const { sql, rows } of steps) {
        const { statement } = this.#prepared(sql);
        for (const row of rows) statement.run(...row);
      }
      this.#connection.exec('COMMIT');
    } catch (error) {
      // A full disk rolls back by itself: https://sqlite.org/lang_transaction.html
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** The statements are few and constant, so all of them stay prepared. */
  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map(({ name }) => name) };
    this.#statements.set(sql, prepared);
    return prepared;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** The file as it should be; `discarded` says why it had to be begun anew. */
export function openOrBegin(file: DatabaseFile): { readonly database: Database; readonly discarded?: string } {
  const opened = existsSync(file.path) ? openExisting(file) : undefined;
  if (opened instanceof Database) return { database: opened };
  if (opened !== undefined && opened !== UNFINISHED && file.isGuest) {
    throw new Error(`${file.path} is of no use: ${opened}. ${whatToDo(opened)}`);
  }
  // Whoever began it may be at it this moment; of what has no tables, nothing has to go.
  if (opened !== UNFINISHED) removeFile(file.path);
  return { database: begin(file), ...(opened === undefined ? {} : { discarded: opened }) };
}

const whatToDo = (difference: string): string =>
  difference.startsWith('log_epoch')
    ? 'Start the standalone anew: it throws away what is of another epoch of the log'
    : 'Use the build that made it, or `parley drop-generation` it and rebuild';

/** Its process died before the one transaction that makes its tables, or has not come to it yet. */
const UNFINISHED = 'begun but not finished';

/** The file if it is what it should be, else why it is of no use. */
export function openExisting(file: DatabaseFile): Database | string {
  if (!existsSync(file.path)) return 'missing';
  const database = new Database(file.path);
  try {
    const difference = differenceOf(database, file);
    if (difference === undefined) {
      database.exec(PRAGMAS);
      if (!file.isGuest) database.exec(file.indexes.join(';'));
      return database;
    }
    database[Symbol.dispose]();
    return difference;
  } catch (error) {
    database[Symbol.dispose]();
    if (!isCorrupt(error)) throw error;
    return error instanceof Error ? error.message : 'corrupt';
  }
}

/** With the two files that WAL keeps beside it. The file first: without it the others are nothing. */
export function removeFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

interface Swept {
  readonly directory: string;
  readonly logEpoch: number;
}

export function* sweep({ directory, logEpoch }: Swept): Generator<Discarded> {
  for (const name of readdirSync(directory).filter((each) => each.endsWith('.sqlite'))) {
    const path = join(directory, name);
    const found = logEpochOf(path);
    if (found === undefined || found === String(logEpoch)) continue;
    removeFile(path);
    yield { path, isServing: false, reason: `log_epoch is ${found}, not ${logEpoch}` };
  }
}

/** Undefined where none is to be read: whoever opens it decides. */
function logEpochOf(path: string): string | undefined {
  using database = new Database(path);
  try {
    return metaOf(database)?.get('log_epoch');
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return undefined;
  }
}

function begin(file: DatabaseFile): Database {
  const database = new Database(file.path);
  database.exec(PRAGMAS);
  // One transaction: a file that has a meta table has all its tables.
  database.exec(`BEGIN; ${META_SCHEMA} ${file.schema}; ${insertsOf(expectedMeta(file))} COMMIT;`);
  if (!file.isGuest) database.exec(file.indexes.join(';'));
  return database;
}

function differenceOf(database: Database, file: DatabaseFile): string | undefined {
  const stored = metaOf(database);
  if (stored === undefined) return UNFINISHED;
  for (const [key, value] of expectedMeta(file)) {
    const found = stored.get(key);
    if (found !== value) return key === 'schema' ? 'other schema' : `${key} is ${found}, not ${value}`;
  }
  return undefined;
}

/** Undefined before it has tables. */
function metaOf(database: Database): ReadonlyMap<string, string> | undefined {
  const [table] = rowsOf(database.read("SELECT name FROM sqlite_schema WHERE name = 'meta'", []));
  if (table === undefined) return undefined;
  const rows = rowsOf(database.read('SELECT key, value FROM meta', []));
  return new Map(rows.map((row) => [text(row, 'key'), text(row, 'value')]));
}

function expectedMeta({ identity, schema, indexes }: DatabaseFile): readonly (readonly [string, string])[] {
  return [
    ['projection', identity.projection],
    ['version', String(identity.version)],
    ['generation', String(identity.generation)],
    ['log_epoch', String(identity.logEpoch)],
    ['schema', [schema, ...indexes].join(';\n')],
  ];
}

const insertsOf = (meta: readonly (readonly [string, string])[]): string =>
  meta.map(([key, value]) => `INSERT INTO meta VALUES (${quoted(key)}, ${quoted(value)});`).join(' ');

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

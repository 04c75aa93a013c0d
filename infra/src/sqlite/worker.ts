// The one thread that touches SQLite. Requests are done in the order they arrive, each before the next begins, so a read
// that was asked for after a write sees it.
import { parentPort, workerData } from 'node:worker_threads';
import { openExisting, openOrBegin, removeFile, sweep, type Database } from './database.ts';
import { NO_ROWS, type Asked, type DatabaseFile, type Request, type Table, type Told } from './requests.ts';
import { isCorrupt, isWorldly } from './sqlite-error.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread');

const databases = new Map<string, Database>();
/** Files of another process: it decides what becomes of them. */
const guests = new Set<string>();

/** Files a worker before this one had open: never begun anew, for their readers go on from where they were. */
function reopen(files: readonly DatabaseFile[]): void {
  for (const file of files) {
    if (file.isGuest) guests.add(file.path);
    const opened = openExisting(file);
    if (typeof opened === 'string')
      tell({ type: 'discarded', discarded: { path: file.path, isServing: true, reason: opened } });
    else databases.set(file.path, opened);
  }
}

function answer({ id, request }: Asked): Told {
  try {
    return { type: 'rows', id, table: perform(request) };
  } catch (error) {
    if (isCorrupt(error) && 'path' in request) discard(request.path, String(error));
    return { type: 'failed', id, reason: String(error), isWorldly: isWorldly(error) || error instanceof NotOpen };
  }
}

function perform(request: Request): Table {
  switch (request.type) {
    case 'sweep':
      for (const discarded of sweep(request)) tell({ type: 'discarded', discarded });
      return NO_ROWS;
    case 'open':
      open(request.file);
      return NO_ROWS;
    case 'read':
      return databaseAt(request.path).read(request.sql, request.parameters);
    case 'write':
      databaseAt(request.path).write(request.steps);
      return NO_ROWS;
    case 'drop':
      forget(request.path);
      removeFile(request.path);
      return NO_ROWS;
    case 'release':
      forget(request.path);
      return NO_ROWS;
    case 'close':
      for (const path of databases.keys()) forget(path);
      port?.close();
      return NO_ROWS;
  }
}

function open(file: DatabaseFile): void {
  if (databases.has(file.path)) return;
  if (file.isGuest) guests.add(file.path);
  const { database, discarded } = openOrBegin(file);
  databases.set(file.path, database);
  if (discarded !== undefined)
    tell({ type: 'discarded', discarded: { path: file.path, isServing: false, reason: discarded } });
}

/** What is broken answers nothing any more, rather than something wrong; the next `open` begins it anew. */
function discard(path: string, reason: string): void {
  forget(path);
  if (guests.has(path)) return;
  removeFile(path);
  tell({ type: 'discarded', discarded: { path, isServing: true, reason } });
}

function forget(path: string): void {
  databases.get(path)?.[Symbol.dispose]();
  databases.delete(path);
}

class NotOpen extends Error {}

function databaseAt(path: string): Database {
  const database = databases.get(path);
  if (database === undefined) throw new NotOpen(`${path} is not open: dropped, or found broken`);
  return database;
}

const tell = (told: Told): void => port.postMessage(told);

reopen(workerData as readonly DatabaseFile[]);
port.on('message', (asked: Asked) => tell(answer(asked)));

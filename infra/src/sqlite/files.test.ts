import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { position, type ConversationId, type Shard } from '@parley/domain';
import { timeline, type ClientMessageKey, type TimelineStore } from '@parley/projections';
import { clientMessageId, foldBatch, storedEvent } from '@parley/projections/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { openSqlite, type SqliteReport } from './index.ts';

const shard = 0 as Shard;
const events = Array.from({ length: 200 }, (_, index) =>
  storedEvent({
    position: position(index + 1),
    event: { type: 'message.sent', clientMsgId: clientMessageId(index), body: 'word '.repeat(200), bodyType: 'text' },
  }),
);

let directory: string;
let reports: SqliteReport[];
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'));
  path = join(directory, 'timeline-g1.sqlite');
  reports = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (logEpoch = 1) =>
  openSqlite({ directory, logEpoch, world: createWorld(), report: (report) => reports.push(report) });

/** What a start finds: the checkpoint of generation 1. */
async function checkpointAtStart(logEpoch = 1): Promise<number> {
  await using stores = await open(logEpoch);
  return await (await stores.timeline(1)).checkpoint(shard);
}

async function writeAll(): Promise<void> {
  await using stores = await open();
  await (await stores.timeline(1)).write(shard, foldBatch(timeline, events));
}

function alter(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

const fail = (report: SqliteReport): void => expect(report).toBeUndefined();

const discarded = (reason: unknown, isServing = false) => [{ type: 'file-discarded', path, isServing, reason }];

test('goes on with the file of the last start', async () => {
  await writeAll();
  expect(await checkpointAtStart()).toBe(200);
  expect(reports).toStrictEqual([]);
});

test('begins anew, and says so, when the log has another epoch', async () => {
  await writeAll();
  expect(await checkpointAtStart(2)).toBe(0);
  expect(reports).toStrictEqual(discarded('log_epoch is 1, not 2'));
  expect(await checkpointAtStart(2)).toBe(0);
  expect(reports).toHaveLength(1);
});

test('of another epoch no file is left, so that none is in the way of a guest who begins one', async () => {
  const second = join(directory, 'timeline-g2.sqlite');
  {
    await using stores = await open();
    await (await stores.timeline(2)).write(shard, foldBatch(timeline, events));
  }
  await using guests = await openSqlite({ directory, logEpoch: 2, world: createWorld(), isGuest: true, report: fail });
  await expect(guests.timeline(2)).rejects.toThrow(/log_epoch is 1, not 2. Start the standalone anew/);
  await using _stores = await open(2);
  expect(existsSync(second)).toBe(false);
  expect(reports).toStrictEqual([
    { type: 'file-discarded', path: second, isServing: false, reason: 'log_epoch is 1, not 2' },
  ]);
  const begun = await guests.timeline(2);
  await begun.write(shard, foldBatch(timeline, events.slice(0, 7)));
  expect(await begun.checkpoint(shard)).toBe(7);
});

test('begins anew when the projection has another version', async () => {
  await writeAll();
  alter("UPDATE meta SET value = '0' WHERE key = 'version'");
  expect(await checkpointAtStart()).toBe(0);
  expect(reports).toStrictEqual(discarded(`version is 0, not ${timeline.version}`));
});

test('begins anew when this build would make other tables', async () => {
  await writeAll();
  alter("UPDATE meta SET value = 'CREATE TABLE other (a)' WHERE key = 'schema'");
  expect(await checkpointAtStart()).toBe(0);
  expect(reports).toStrictEqual(discarded('other schema'));
});

test('begins anew when the file is no database', async () => {
  writeFileSync(path, 'this is not a database, however long one looks at it '.repeat(100));
  expect(await checkpointAtStart()).toBe(0);
  expect(reports).toStrictEqual(discarded(expect.stringContaining('not a database')));
});

test('begins anew when the last start died before its tables were made', async () => {
  writeFileSync(path, '');
  expect(await checkpointAtStart()).toBe(0);
  expect(reports).toStrictEqual(discarded('begun but not finished'));
});

test('a guest goes on with a file that a killed one had only begun', async () => {
  writeFileSync(path, '');
  const options = { directory, logEpoch: 1, world: createWorld(), isGuest: true, report: () => undefined };
  await using guests = await openSqlite(options);
  const store = await guests.timeline(1);
  await store.write(shard, foldBatch(timeline, events));
  expect(await store.checkpoint(shard)).toBe(200);
});

test('answers nothing from a file found broken while it serves, and folds it again after the next start', async () => {
  await writeAll();
  writeFileSync(path, readFileSync(path).fill('rotten ', 100_000));
  const wholeRange = { order: 'oldest-first', limit: 1_000 } as const;
  await using stores = await open();
  const store: TimelineStore = await stores.timeline(1);
  const page = store.range('g_one' as ConversationId, wholeRange);
  await expect(page).rejects.toMatchObject({ name: 'StoreUnavailable' });
  await expect(store.checkpoint(shard)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  expect(reports).toStrictEqual(discarded(expect.stringContaining('malformed'), true));
  expect(await checkpointAtStart()).toBe(0);
});

test('dropping a generation deletes its files and leaves the others', async () => {
  await using stores = await open();
  const [one, two] = [await stores.timeline(1), await stores.timeline(2)];
  await one.write(shard, foldBatch(timeline, events));
  await two.write(shard, foldBatch(timeline, events.slice(0, 7)));
  await one.drop();
  expect(['', '-wal', '-shm'].filter((suffix) => existsSync(path + suffix))).toStrictEqual([]);
  await expect(one.checkpoint(shard)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  expect(await two.checkpoint(shard)).toBe(7);
});

test('a guest fills a file of its own first, and makes what only readers need at the end', async () => {
  const indexes = (): readonly unknown[] => {
    using database = new DatabaseSync(path);
    return database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all();
  };
  await using guests = await openSqlite({ directory, logEpoch: 1, world: createWorld(), isGuest: true, report: fail });
  const store = await guests.timeline(1);
  await store.write(shard, foldBatch(timeline, events));
  expect(indexes()).toHaveLength(0);
  await store.complete?.();
  expect(indexes()).toHaveLength(2);
  const key = { conversationId: 'g_one', senderId: events[6]?.actorId, clientMsgId: clientMessageId(6) };
  expect(await store.byClientMessageId(key as ClientMessageKey)).toMatchObject({ stored: { position: 7 } });
});

test('what a guest left unfinished has all indexes when it is opened by the one whose file it is', async () => {
  {
    await using guests = await openSqlite({
      directory,
      logEpoch: 1,
      world: createWorld(),
      isGuest: true,
      report: fail,
    });
    await (await guests.timeline(1)).write(shard, foldBatch(timeline, events));
  }
  await using stores = await open();
  const store = await stores.timeline(1);
  const key = { conversationId: 'g_one', senderId: events[6]?.actorId, clientMsgId: clientMessageId(6) };
  expect(await store.byClientMessageId(key as ClientMessageKey)).toMatchObject({ stored: { position: 7 } });
  expect(await store.checkpoint(shard)).toBe(200);
});

test('a failed write leaves nothing of its batch', async () => {
  await using stores = await open();
  const store = await stores.timeline(1);
  const batch = foldBatch(timeline, events);
  // No store takes half a number: the batch fails after its rows, on our side, so trying again would not help.
  const failing = store.write(shard, { ...batch, heads: batch.heads.map((head) => ({ ...head, storedTs: 0.5 })) });
  await expect(failing).rejects.toMatchObject({ name: 'Error' });
  expect(await store.range('g_one' as ConversationId, { order: 'oldest-first', limit: 1 })).toStrictEqual([]);
  expect(await store.checkpoint(shard)).toBe(0);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { position, type Shard } from '@parley/domain';
import { StoreUnavailable } from '@parley/projections';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeIntervalMs } from './write-groups.ts';
import { openSqlite, type SqliteReport, type SqliteStores } from './index.ts';

const shard = 0 as Shard;
const batchAt = (at: number) => ({ rows: [], heads: [], parked: [], checkpoint: position(at) });

let directory: string;
let stores: SqliteStores;
let reports: SqliteReport[];
let workers: Worker[];
/** Restarts that wait for their time, which comes when the test says so. */
let scheduled: { readonly delayMs: number; readonly task: () => void }[];

const noteWorker = (worker: Worker) => workers.push(worker);

beforeEach(async () => {
  [reports, workers, scheduled] = [[], [], []];
  directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'));
  process.on('worker', noteWorker);
  stores = await openSqlite({
    directory,
    logEpoch: 1,
    report: (report) => reports.push(report),
    world: {
      schedule(delayMs, task) {
        if (delayMs === writeIntervalMs) setTimeout(task, delayMs);
        else scheduled.push({ delayMs, task });
        return { [Symbol.dispose]: () => {} };
      },
    },
  });
});

afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  process.off('worker', noteWorker);
  rmSync(directory, { recursive: true });
});

/** Ends the thread in the middle of whatever it does. */
async function kill(): Promise<void> {
  await setImmediate(); // Node tells of a new worker in the next tick
  await workers.at(-1)?.terminate();
}

test('what waits for a worker that dies is refused, and so is what is asked while it is down', async () => {
  const store = await stores.timeline(1);
  const waiting = Array.from({ length: 50 }, (_, index) => store.write(shard, batchAt(index + 1)));
  const outcomes = Promise.allSettled(waiting);
  await kill();
  const reasons = (await outcomes).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(reasons.length).toBeGreaterThan(0);
  expect(reasons.every((reason) => reason instanceof StoreUnavailable)).toBe(true);
  await expect(store.checkpoint(shard)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(reports).toMatchObject([{ type: 'worker-died', restartsLeft: 8 }]);
});

test('a worker started again goes on with what was answered before', async () => {
  const store = await stores.timeline(1);
  await store.write(shard, batchAt(41));
  await kill();
  scheduled.shift()?.task();
  expect(await store.checkpoint(shard)).toBe(41);
  await store.write(shard, batchAt(42));
  expect(await store.checkpoint(shard)).toBe(42);
  expect(reports).toHaveLength(1);
});

test('a worker started again never begins a file anew: its reader would leave a hole', async () => {
  const store = await stores.timeline(1);
  await store.write(shard, batchAt(41));
  await kill();
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `timeline-g1.sqlite${suffix}`), { force: true });
  scheduled.shift()?.task();
  await expect(store.write(shard, batchAt(42))).rejects.toBeInstanceOf(StoreUnavailable);
  expect(reports[1]).toMatchObject({ type: 'file-discarded', reason: 'missing' });
  expect(await (await stores.timeline(1)).checkpoint(shard)).toBe(0);
});

test('a worker that dies again and again is left down, after longer and longer pauses', async () => {
  const delays: number[] = [];
  await kill();
  for (let next = scheduled.shift(); next !== undefined; next = scheduled.shift()) {
    delays.push(next.delayMs);
    next.task();
    await kill();
  }
  expect(delays).toStrictEqual([50, 100, 200, 400, 800, 1_600, 3_200, 6_400]);
  expect(reports.at(-1)).toMatchObject({ type: 'worker-died', restartsLeft: 0 });
  await expect(stores.timeline(1)).rejects.toBeInstanceOf(StoreUnavailable);
});

test('refuses what is more than it may keep waiting', async () => {
  const store = await stores.timeline(1);
  const asked = await Promise.allSettled(Array.from({ length: 4_200 }, () => store.checkpoint(shard)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(4_096);
  expect(await store.checkpoint(shard)).toBe(0);
});

test('answers what was asked before it was closed, and nothing after', async () => {
  const store = await stores.timeline(1);
  const writing = store.write(shard, batchAt(5));
  const closing = stores[Symbol.asyncDispose]();
  await expect(store.checkpoint(shard)).rejects.toBeInstanceOf(StoreUnavailable);
  await Promise.all([writing, closing]);
  expect(reports).toStrictEqual([]);
});

test('sees in a read what was written before it was asked for', async () => {
  const store = await stores.timeline(1);
  const writing = store.write(shard, batchAt(5));
  expect(await store.checkpoint(shard)).toBe(5);
  const alsoWriting = store.write(shard, batchAt(6)); // waits for the next group
  expect(await store.checkpoint(shard)).toBe(6);
  await Promise.all([writing, alsoWriting]);
});

test('what waits when a file is dropped is not written into the one that is begun after it', async () => {
  const store = await stores.timeline(1);
  await store.write(shard, batchAt(5));
  const waiting = store.write(shard, batchAt(6));
  await store.drop();
  const begun = await stores.timeline(1);
  await waiting;
  expect(await begun.checkpoint(shard)).toBe(0);
});

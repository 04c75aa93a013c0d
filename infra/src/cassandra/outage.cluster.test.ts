// Three nodes, three copies of each row; one or two of the nodes are killed or frozen while a projector folds and pages are
// read. The store is the same throughout: it has to live through all of it.
import type { ChatEvent, ConversationId, Position, Shard } from '@parley/domain';
import { clientId, createTestLog, created, said, alice } from '@parley/domain/testing';
import {
  createConversationStates,
  createTail,
  createTimelineQueries,
  projectionReader,
  runReader,
  StoreUnavailable,
  timeline,
  type TimelineRow,
  type TimelineStore,
} from '@parley/projections';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createWorld } from '../runtime/world.ts';
import { openCassandra, type CassandraStores } from './index.ts';
import { createRing, removeRing, type Ring, type TestNode } from './test-nodes.ts';
import { testCluster, untilTogether, type TestCluster } from './test-servers.ts';

const shard = 0 as Shard;
const ids = Array.from({ length: 8 }, (_, index) => `g_${index}` as ConversationId);
const everything = { order: 'oldest-first', limit: 100_000 } as const;
const patient = { timeout: 120_000, interval: 100 };
const appendEveryMs = 10;
/** Past the time in which nodes notice that another is away, and what they did until then. */
const awayMs = 4_000;

const world = createWorld();
const log = createTestLog({ now: () => Date.now() });
const nothing = () => undefined;
let ring: Ring;
let cluster: TestCluster;
let stores: CassandraStores;
let store: TimelineStore;
let projector: AsyncDisposable;
/** Highest position of which the projector was told that it is stored. */
let acknowledged = 0;
let refusals: unknown[] = [];

const node = (number: number): TestNode => {
  const found = cluster.nodes[number - 1];
  if (!found) throw new Error(`there is no node ${number}`);
  return found;
};

beforeAll(async () => {
  ring = await createRing(3);
  cluster = await testCluster(ring);
  stores = await openCassandra(cluster.options);
  store = await stores.timeline(1);
  for (const conversationId of ids) put(created([alice]), conversationId);
  const reader = projectionReader(timeline, store, {
    generation: 1,
    observer: { parked: nothing, passedOver: nothing, voided: nothing },
  });
  projector = runReader(reader, {
    log,
    world,
    observer: {
      applied: (_name, _shard, events) => void (acknowledged = events.at(-1)?.position ?? acknowledged),
      retrying: (_name, _shard, error) => void refusals.push(error),
      stopped: (_name, _shard, error) => void refusals.push(error),
    },
  });
});

afterAll(async () => {
  await projector[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
  await cluster.operator.shutdown();
  await removeRing(ring);
});

const put = (event: ChatEvent, conversationId: ConversationId) =>
  log.put(event, { conversationId, notAfterTs: Number.MAX_SAFE_INTEGER });

/** Messages are said, folded and read all the while; gives what reading came to. */
async function underLoad(during: () => Promise<unknown>) {
  refusals = [];
  const pages = { read: 0, refused: [] as unknown[], longestMs: 0 };
  const over = new AbortController();
  async function saying(): Promise<void> {
    for (let count = 0; !over.signal.aborted; count++) {
      const conversationId = ids[count % ids.length] ?? ('g_0' as ConversationId);
      put(said(`message ${count}`, clientId(Date.now(), log.events().length)), conversationId);
      await world.sleep(appendEveryMs);
    }
  }
  async function reading(): Promise<void> {
    while (!over.signal.aborted) {
      const known = acknowledged;
      const startedMs = performance.now();
      const id = ids[pages.read % ids.length] ?? ('g_0' as ConversationId);
      try {
        const rows = await store.range(id, { order: 'newest-first', limit: 50, before: (known + 1) as Position });
        expect(positionsOf(rows)).toStrictEqual(saidUpTo(known, id).toReversed().slice(0, 50));
        pages.read++;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        pages.refused.push(error);
      }
      pages.longestMs = Math.max(pages.longestMs, performance.now() - startedMs);
      await world.sleep(appendEveryMs);
    }
  }
  const working = Promise.all([saying(), reading()]);
  await Promise.race([during(), working]).finally(() => over.abort());
  await working;
  return pages;
}

const positionsOf = (rows: readonly TimelineRow[]) => rows.map(({ stored }) => Number(stored.position));

const saidUpTo = (last: number, id: ConversationId) =>
  log
    .events()
    .slice(0, last)
    .filter(({ conversationId }) => conversationId === id)
    .map(({ position }) => Number(position));

/** While nothing is mended: what waits for an answer of the node that is away never goes on. */
const expectMoreAcknowledged = () => {
  const before = acknowledged;
  return expect.poll(() => acknowledged, patient).toBeGreaterThan(before);
};

/** The projector has come to the log's end, and all of it is there. */
async function expectAll(): Promise<void> {
  await expect.poll(() => store.checkpoint(shard).catch(() => -1), patient).toBe(log.events().length);
  for (const id of ids) {
    expect(positionsOf(await store.range(id, everything))).toStrictEqual(saidUpTo(log.events().length, id));
  }
}

const report = (what: string, pages: { read: number; refused: unknown[]; longestMs: number }) =>
  process.stdout.write(
    `${what}: ${log.events().length} said, ${refusals.length} writes and ${pages.refused.length} of ${pages.read} pages ` +
      `refused, longest ${pages.longestMs.toFixed(0)} ms\n`,
  );

test('one node killed: writing and reading go on, nothing is lost, and the node comes back', async () => {
  const pages = await underLoad(async () => {
    await world.sleep(1_000);
    await node(2).kill();
    await world.sleep(awayMs);
    await expectMoreAcknowledged();
  });
  report('one killed', pages);
  expect(refusals).toStrictEqual([]);
  expect(pages.refused).toStrictEqual([]);
  await expectAll();
  await node(2).start();
  await untilTogether(ring);
  await expectAll();
});

test('one node frozen: writing and reading go on, and nothing is lost', async () => {
  const pages = await underLoad(async () => {
    await world.sleep(500);
    node(3).signal('SIGSTOP');
    await world.sleep(awayMs);
    await expectMoreAcknowledged();
  }).finally(() => node(3).signal('SIGCONT'));
  report('one frozen', pages);
  // What it had been asked just then is not answered: a step is tried again, a page may be refused. What comes after goes elsewhere.
  expect(refusals.every((error) => error instanceof StoreUnavailable)).toBe(true);
  expect(pages.refused.length).toBeLessThan(pages.read);
  await expectAll();
});

test('two nodes away: writes are refused and tried again, a page says that it is stale; then all goes on', async () => {
  const states = createConversationStates(log);
  const queries = createTimelineQueries({ log, tail: createTail(log, world), world, store, states });
  const page = (id: ConversationId) =>
    queries.page(id, async (view) => ({ rows: positionsOf(await view.range(everything)), asOfTs: view.asOfTs }));
  const [id = 'g_0' as ConversationId] = ids;
  expect((await page(id)).asOfTs).toBeUndefined();
  onTestFinished(() => [2, 3].forEach((away) => node(away).signal('SIGCONT')));
  const pages = await underLoad(async () => {
    for (const away of [2, 3]) node(away).signal('SIGSTOP');
    await expect.poll(() => refusals.length, patient).toBeGreaterThan(2);
  });
  report('two frozen', pages);
  expect(refusals.every((error) => error instanceof StoreUnavailable)).toBe(true);
  await expect(store.byClientMessageId(keyOf(id))).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(queries.view(id)).rejects.toBeInstanceOf(StoreUnavailable);

  const startedMs = performance.now();
  const stale = await page(id);
  process.stdout.write(`a stale page after ${(performance.now() - startedMs).toFixed(0)} ms\n`);
  expect(stale.rows).toStrictEqual(saidUpTo(log.events().length, id));
  expect(stale.asOfTs).toBe(log.events().findLast(({ conversationId }) => conversationId === id)?.storedTs);

  for (const away of [2, 3]) node(away).signal('SIGCONT');
  await expectAll();
  expect((await page(id)).asOfTs).toBeUndefined();
});

test('all nodes killed at once: what was acknowledged is there after they start', async () => {
  await underLoad(async () => {
    await world.sleep(1_000);
    await Promise.all(cluster.nodes.map((one) => one.kill()));
  });
  const told = acknowledged;
  await Promise.all(cluster.nodes.map((one) => one.start()));
  await untilTogether(ring);
  await expect.poll(() => store.checkpoint(shard).catch(() => -1), patient).toBeGreaterThanOrEqual(told);
  await expectAll();
});

const keyOf = (conversationId: ConversationId) => ({
  conversationId,
  senderId: alice,
  clientMsgId: clientId(Date.now(), 1),
});

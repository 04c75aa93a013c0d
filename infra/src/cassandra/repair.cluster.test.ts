// One conversation folded anew in place: what was stored wrongly loses, also against a worker that does not know of it yet.
import { position, type ConversationId, type Position, type Shard, type StoredEvent } from '@parley/domain';
import { alice, bob, created } from '@parley/domain/testing';
import {
  conversations,
  StoreUnavailable,
  timeline,
  type Head,
  type Projection,
  type ProjectionStore,
} from '@parley/projections';
import { clientMessageId, foldBatch, foldHeads, storedEvent } from '@parley/projections/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { timestampMax } from './bases.ts';
import { openCassandra, type CassandraStores } from './index.ts';
import { testCluster, type TestCluster } from './test-servers.ts';

const shard = 0 as Shard;
const here = 'g_one' as ConversationId;
const there = 'g_two' as ConversationId;
const everything = { order: 'oldest-first', limit: 1_000 } as const;

let cluster: TestCluster;
let ours: CassandraStores;
let theirs: CassandraStores;
let generation = 0;

beforeAll(async () => {
  cluster = await testCluster();
  [ours, theirs] = await Promise.all([openCassandra(cluster.options), openCassandra(cluster.options)]);
});

afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const eventAt = (at: number, body = `message ${at}`): StoredEvent => {
  const conversationId = at % 2 === 1 ? here : there;
  const event =
    at <= 2
      ? created([alice, bob])
      : ({ type: 'message.sent', clientMsgId: clientMessageId(at), body, bodyType: 'text' } as const);
  return storedEvent({ position: position(at), conversationId, event });
};

const log = Array.from({ length: 20 }, (_, index) => eventAt(index + 1));
/** What a wrong fold stored: of equal timestamps the greater cell would stay. */
const wrong = Array.from({ length: 20 }, (_, index) => eventAt(index + 1, `~~~ wrong ${index}`));

/** What a worker writes that has folded up to `from`. */
const step = <H extends Head, R>(projection: Projection<H, R>, events: readonly StoredEvent[], from: number) =>
  foldBatch(projection, events.slice(from), foldHeads(projection, events.slice(0, from)));

const ofHere = (events: readonly StoredEvent[]) => events.filter(({ conversationId }) => conversationId === here);

/** As whoever repairs does, up to the log's head. */
async function refold<H extends Head, R>(
  projection: Projection<H, R>,
  store: ProjectionStore<H, R>,
  upTo: number,
): Promise<void> {
  await store.write(shard, { ...foldBatch(projection, ofHere(log.slice(0, upTo))), checkpoint: 0 as Position });
}

test('what is folded anew wins over what was stored, and leaves other conversations and the checkpoint alone', async () => {
  const store = await ours.timeline(++generation);
  await store.write(shard, foldBatch(timeline, wrong.slice(0, 10)));
  await store.write(shard, foldBatch(timeline, ofHere(log.slice(0, 10))));
  expect(await store.range(here, everything)).not.toStrictEqual(foldBatch(timeline, ofHere(log.slice(0, 10))).rows);

  await store.clearForRefold(shard, [here], position(10));
  await refold(timeline, store, 10);
  expect(await store.range(here, everything)).toStrictEqual(foldBatch(timeline, ofHere(log.slice(0, 10))).rows);
  expect(JSON.stringify(await store.range(there, everything))).toContain('~~~ wrong');
  expect(await store.checkpoint(shard)).toBe(10);
});

test('a worker that does not know of it yet begins anew, and what it wrote meanwhile is lost', async () => {
  generation++;
  const [repairing, working] = await Promise.all([ours.timeline(generation), theirs.timeline(generation)]);
  await working.checkpoint(shard);
  await working.write(shard, foldBatch(timeline, wrong.slice(0, 10)));
  const heads = await working.heads([here, there]);
  await repairing.clearForRefold(shard, [here], position(10));
  await refold(timeline, repairing, 10);
  await repairing.finishRefold({ shard, conversationId: here }, { upTo: position(10) });
  // It read the log up to 20, and folds on heads that are no longer there.
  const late = [...heads.values()].map((head): [ConversationId, typeof head] => [
    head.conversationId,
    { ...head, ordinal: 99 },
  ]);
  const lateBatch = foldBatch(timeline, log.slice(10), new Map(late));
  await expect(working.write(shard, lateBatch)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await working.checkpoint(shard)).toBe(10);
  await working.write(shard, foldBatch(timeline, log.slice(10), await working.heads([here, there])));
  expect(await working.checkpoint(shard)).toBe(20);
  expect((await repairing.heads([here])).get(here)).toStrictEqual(foldHeads(timeline, log).get(here));
  expect(await repairing.range(here, everything)).toStrictEqual(foldBatch(timeline, ofHere(log)).rows);
});

test('a worker that read before and writes after it loses', async () => {
  generation++;
  const [repairing, working] = await Promise.all([ours.timeline(generation), theirs.timeline(generation)]);
  await repairing.clearForRefold(shard, [here], position(20));
  await refold(timeline, repairing, 20);
  const late = await theirs.timeline(generation); // knows nothing until it has written once
  await expect(late.write(shard, foldBatch(timeline, ofHere(wrong)))).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await working.range(here, everything)).toStrictEqual(foldBatch(timeline, ofHere(log)).rows);
});

test('memberships and states of a conversation are repaired alike', async () => {
  generation++;
  const [repairing, working] = await Promise.all([ours.conversations(generation), theirs.conversations(generation)]);
  const batch = foldBatch(conversations, log.slice(0, 10));
  const gone = batch.rows.map((row) => ({ ...row, position: position(10), isPresent: false }));
  await working.write(shard, { ...batch, rows: gone });
  await repairing.clearForRefold(shard, [here], position(10));
  await refold(conversations, repairing, 10);
  await expect(working.write(shard, step(conversations, log, 10))).rejects.toBeInstanceOf(StoreUnavailable);
  await working.write(shard, step(conversations, log, 10));
  const memberships = await repairing.membershipsOf(bob);
  expect(memberships.filter(({ isPresent }) => isPresent).map(({ conversationId }) => conversationId)).toEqual([here]);
  expect((await repairing.heads([here])).get(here)).toEqual(foldHeads(conversations, log).get(here));
});

test('two repairs at once are both known to a worker, and a second one of a conversation wins over the first', async () => {
  generation++;
  const [a, b] = await Promise.all([ours.timeline(generation), theirs.timeline(generation)]);
  await Promise.all([a.checkpoint(shard), b.checkpoint(shard)]);
  await Promise.all([a.clearForRefold(shard, [here], position(20)), b.clearForRefold(shard, [there], position(11))]);
  await a.write(shard, foldBatch(timeline, wrong)).catch(() => a.write(shard, foldBatch(timeline, wrong)));
  await b.clearForRefold(shard, [here], position(20));
  await b.write(shard, foldBatch(timeline, log)).catch(() => b.write(shard, foldBatch(timeline, log)));
  await b.clearForRefold(shard, [there], position(20));
  await b.write(shard, foldBatch(timeline, log));
  for (const id of [here, there]) {
    expect((await a.heads([id])).get(id)).toStrictEqual(foldHeads(timeline, log).get(id));
  }
  expect(await a.range(here, everything)).toStrictEqual(foldBatch(timeline, ofHere(log)).rows);
});

test('timestamps stay below what a server may refuse', async () => {
  const store = await ours.timeline(++generation);
  await expect(store.clearForRefold(shard, [here], position(timestampMax))).rejects.toBeInstanceOf(RangeError);
  const tables = await cluster.operator.execute(
    `SELECT max(writetime(event)) AS latest FROM ${cluster.options.keyspace}.timeline_events_e1_g1`,
  );
  expect(Number(tables.rows[0]?.get('latest'))).toBeLessThan(1_000);
});

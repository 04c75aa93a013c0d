import { position, type ConversationId, type Shard, type StoredEvent } from '@parley/domain';
import { conversations, timeline, type Batch, type Head, type Projection } from '@parley/projections';
import {
  clientMessageId,
  conversationIds,
  foldBatch,
  foldHeads,
  history,
  storedEvent,
} from '@parley/projections/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCassandra, type CassandraStores } from './index.ts';
import { testCluster, type TestCluster } from './test-servers.ts';

const shard = 0 as Shard;
const here = 'g_one' as ConversationId;
const all = { order: 'oldest-first', limit: 100_000 } as const;
let cluster: TestCluster;
let ours: CassandraStores;
let theirs: CassandraStores;
let generation = 1_000;

beforeAll(async () => {
  cluster = await testCluster();
  [ours, theirs] = await Promise.all([openCassandra(cluster.options), openCassandra(cluster.options)]);
});

afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** The same generation twice, opened at the same moment, as two workers would that start together. */
async function openTwice() {
  generation++;
  const [a, b] = await Promise.all([ours.timeline(generation), theirs.timeline(generation)]);
  const [c, d] = await Promise.all([ours.conversations(generation), theirs.conversations(generation)]);
  return { timelines: [a, b], conversationLists: [c, d] } as const;
}

/** Overlapping slices of a history, each with the heads before it, as readers that started at different checkpoints write. */
function batches<H extends Head, R>(
  projection: Projection<H, R>,
  events: readonly StoredEvent[],
  seeds: readonly number[],
) {
  const cuts = seeds.map((seed) => seed % (events.length + 1));
  const slices = [
    [0, events.length],
    ...cuts.flatMap((cut) => [
      [0, cut],
      [cut, events.length],
    ]),
  ];
  return slices.map(([from = 0, to]): Batch<H, R> =>
    foldBatch(projection, events.slice(from, to), foldHeads(projection, events.slice(0, from))),
  );
}

test('two workers that write any overlapping batches at once, in any order, leave what the log says', async () => {
  const seeds = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(
    history(60),
    seeds,
    fc.infiniteStream(fc.boolean()),
    async (events, seeds, coin) => {
      const { timelines, conversationLists } = await openTwice();
      const shuffled = <T>(items: readonly T[]) => items.toSorted(() => (coin.next().value ? 1 : -1));
      const worker = () => (coin.next().value ? 0 : 1);
      await Promise.all([
        ...shuffled(batches(timeline, events, seeds)).map((batch) => timelines[worker()].write(shard, batch)),
        ...shuffled(batches(conversations, events, seeds)).map((batch) =>
          conversationLists[worker()].write(shard, batch),
        ),
      ]);
      const { rows } = foldBatch(timeline, events);
      for (const id of conversationIds) {
        const expected = rows.filter(({ stored }) => stored.conversationId === id);
        expect(await timelines[0].range(id, all)).toStrictEqual(expected);
      }
      expect(await timelines[1].heads(conversationIds)).toEqual(foldHeads(timeline, events));
      expect(await conversationLists[1].heads(conversationIds)).toEqual(foldHeads(conversations, events));
      await timelines[0].drop();
      await conversationLists[0].drop();
    },
  );
  await fc.assert(property, { numRuns: 4 });
});

test('pages of a long conversation go from bucket to bucket in both directions', async () => {
  const { timelines, conversationLists } = await openTwice();
  const count = 12_000;
  const events = Array.from({ length: count }, (_, index) => messageAt(index + 1));
  let writingMs = 0;
  for (let at = 0; at < count; at += 1_000) {
    const before = foldHeads(timeline, events.slice(0, at));
    const batch = foldBatch(timeline, events.slice(at, at + 1_000), before);
    const startedMs = performance.now();
    await timelines[0].write(shard, batch);
    writingMs += performance.now() - startedMs;
  }
  const latencies: number[] = [];
  for (const at of [1, 4_999, 5_000, 5_001, 5_002, 9_990, 10_001, 12_000]) {
    for (const limit of [1, 50, 200]) {
      const pageMs = performance.now();
      const older = await timelines[1].range(here, { order: 'newest-first', before: position(at), limit });
      latencies.push(performance.now() - pageMs);
      const newer = await timelines[1].range(here, { order: 'oldest-first', after: position(at), limit });
      expect(positionsOf(older)).toStrictEqual(numbers(at - 1, -1, Math.min(limit, at - 1)));
      expect(positionsOf(newer)).toStrictEqual(numbers(at + 1, 1, Math.min(limit, count - at)));
    }
  }
  expect(positionsOf(await timelines[0].range(here, all))).toStrictEqual(numbers(1, 1, count));
  const sorted = latencies.toSorted((a, b) => a - b).map((ms) => ms.toFixed(1));
  process.stdout.write(
    `${((1_000 * count) / writingMs).toFixed(0)} messages/s, page ms p50 ${sorted[12]}, max ${sorted.at(-1)}\n`,
  );
  await timelines[0].drop();
  await conversationLists[0].drop();
});

const numbers = (first: number, step: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + step * index);

const positionsOf = (rows: readonly { stored: StoredEvent }[]) => rows.map(({ stored }) => Number(stored.position));

const messageAt = (at: number): StoredEvent =>
  storedEvent({
    position: position(at),
    conversationId: here,
    event: {
      type: 'message.sent',
      clientMsgId: clientMessageId(at),
      body: `message ${at} `.repeat(10),
      bodyType: 'text',
    },
  });

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConversationId, Shard, StoredEvent } from '@parley/domain';
import {
  conversations,
  messagesPerDay,
  projectionReader,
  storedHash,
  Tally,
  timeline,
  type FullStore,
  type Head,
  type VerifiableProjection,
} from '@parley/projections';
import { conversationIds, foldBatch, history } from '@parley/projections/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCassandra, type CassandraStores } from '../cassandra/index.ts';
import { testCluster } from '../cassandra/test-servers.ts';
import { createMemoryConversations, createMemoryTimeline } from '../memory/index.ts';
import { createWorld, digest } from '../runtime/index.ts';
import { openSqlite, type SqliteStores } from '../sqlite/index.ts';

/** Of one log each, in a shard of its own: making and dropping tables for each would take a hundred times as long. */
const numRuns = 6;
const generation = 1;
const parts = new AsyncDisposableStack();
let sqlite: SqliteStores;
let cassandra: CassandraStores;
let lastShard = 0;

beforeAll(async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'parley-fold-hash-'));
  parts.defer(() => rm(directory, { recursive: true }));
  const cluster = parts.use(await testCluster());
  cassandra = parts.use(await openCassandra(cluster.options));
  const world = createWorld();
  sqlite = parts.use(await openSqlite({ directory, logEpoch: 1, world, report: () => undefined }));
});

afterAll(() => parts.disposeAsync());

/** A history under other ids: those before it are stored. */
interface Log {
  readonly shard: Shard;
  readonly ids: readonly ConversationId[];
  readonly events: readonly StoredEvent[];
}

function logOf(events: readonly StoredEvent[]): Log {
  const shard = ++lastShard as Shard;
  const renamed = (id: ConversationId): ConversationId => `${id.slice(0, 60)}-${shard}` as ConversationId;
  return {
    shard,
    ids: conversationIds.map(renamed),
    events: events.map((stored) => ({ ...stored, conversationId: renamed(stored.conversationId) })),
  };
}

interface Folded<H extends Head, Row> {
  readonly projection: VerifiableProjection<H, Row>;
  readonly log: Log;
  readonly stores: readonly FullStore<H, Row>[];
  /** In how large steps each store is given the events. */
  readonly steps: readonly number[];
}

async function expectOneHash<H extends Head, Row>(folded: Folded<H, Row>): Promise<void> {
  const { projection, log, stores, steps } = folded;
  await Promise.all(stores.map((store, index) => fold(folded, store, steps[index] ?? 1)));
  for (const id of log.ids) {
    const expected = hashOfLog(projection, log, id);
    const stored = stores.map((store) => storedHash({ projection, digest, store }, log.shard, id));
    expect(await Promise.all(stored), `${projection.name} of ${id}`).toStrictEqual(stores.map(() => expected));
  }
}

async function fold<H extends Head, Row>(
  { projection, log: { shard, events } }: Folded<H, Row>,
  store: FullStore<H, Row>,
  step: number,
): Promise<void> {
  const silent = { parked: () => undefined, passedOver: () => undefined, voided: () => undefined };
  const reader = projectionReader(projection, store, { generation, observer: silent });
  await reader.checkpoint(shard);
  for (let at = 0; at < events.length; at += step) await reader.apply(shard, events.slice(at, at + step));
}

function hashOfLog<H extends Head, Row>(
  projection: VerifiableProjection<H, Row>,
  { events }: Log,
  id: ConversationId,
): string {
  const tally = new Tally(projection, digest);
  const own = events.filter(({ conversationId }) => conversationId === id);
  const { rows, heads } = foldBatch(projection, own);
  for (const row of rows) tally.add(row);
  return tally.hash(heads[0]);
}

test('a conversation has one fold hash: of the log, in memory, in SQLite and in Cassandra', async () => {
  const days = [await sqlite.flat(messagesPerDay, generation), await cassandra.flat(messagesPerDay, generation)];
  const lists = [
    createMemoryConversations(),
    await sqlite.conversations(generation),
    await cassandra.conversations(generation),
  ];
  const timelines = [createMemoryTimeline(), await sqlite.timeline(generation), await cassandra.timeline(generation)];
  const steps = fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 3, maxLength: 3 });
  const property = fc.asyncProperty(history(80), steps, async (events, steps) => {
    const log = logOf(events);
    await expectOneHash({ projection: timeline, log, steps, stores: timelines });
    await expectOneHash({ projection: conversations, log, steps, stores: lists });
    await expectOneHash({ projection: messagesPerDay, log, steps, stores: days });
  });
  await fc.assert(property, { numRuns });
});

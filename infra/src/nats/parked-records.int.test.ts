import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { LogUnavailable, NO_POSITION, type ConversationId, type Shard, type StoredEvent } from '@parley/domain';
import { projectionReader, timeline, type ParkedRecords, type TimelineStore } from '@parley/projections';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryTimeline } from '../memory/index.ts';
import { natsParkedRecords } from './parked-records.ts';
import { PARKED_STREAM } from './streams.ts';
import { parkedSubject } from './subjects.ts';
import { createRoom, messageIn, openTestLog, readAll, stored, type TestLog } from './test-log.ts';
import { startTestServer, type TestServer } from './test-servers.ts';

const shard = 0 as Shard;
const generation = 3;
/** As the streams are declared (docs/jetstream.md). */
const recordsMax = 16;

const resources = new AsyncDisposableStack();
let server: TestServer;
let opened: TestLog;
let records: ParkedRecords;
let jsm: JetStreamManager;

beforeAll(async () => {
  server = resources.use(await startTestServer());
  opened = resources.use(await openTestLog({ servers: server.url, shards: 1 }));
  records = resources.use(natsParkedRecords(opened.connection, opened.world));
  jsm = await jetstreamManager(opened.connection.nc);
});
afterAll(() => resources.disposeAsync());

/** What the stream holds of a conversation, in order. */
async function recordsOf(conversationId: ConversationId): Promise<readonly unknown[]> {
  const { state } = await jsm.streams.info(PARKED_STREAM);
  const subject = parkedSubject(timeline.name, conversationId);
  const found: unknown[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await jsm.streams.getMessage(PARKED_STREAM, { seq });
    if (message?.subject === subject) found.push(message.json());
  }
  return found;
}

const failingAt = (conversationId: ConversationId): typeof timeline => ({
  ...timeline,
  fold(head, event) {
    if (event.conversationId === conversationId && event.event.type === 'message.sent') throw new Error('a bug');
    return timeline.fold(head, event);
  },
});

function readerOf(conversationId: ConversationId, store: TimelineStore) {
  const observer = { parked: () => undefined, passedOver: () => undefined, voided: () => undefined };
  return projectionReader(failingAt(conversationId), store, { generation, observer, parkedRecords: records });
}

test('the record is in the stream, whole, before the checkpoint passes its event', async () => {
  const room = await createRoom(opened);
  const { position } = await stored(opened.log, messageIn(opened.world, room));
  const events = await readAll(opened.log, shard);
  const memory = createMemoryTimeline();
  const heldAtWrite: (readonly unknown[])[] = [];
  const store: TimelineStore = {
    ...memory,
    async write(...written) {
      heldAtWrite.push(await recordsOf(room.conversationId));
      await memory.write(...written);
    },
  };
  const reader = readerOf(room.conversationId, store);
  await reader.checkpoint(shard);

  await server.kill();
  await expect(reader.apply(shard, events)).rejects.toThrow(LogUnavailable);
  expect(await memory.checkpoint(shard)).toBe(NO_POSITION);
  expect(await memory.parked(shard)).toEqual([]);

  await server.start();
  await expect.poll(() => applied(() => reader.apply(shard, events)), { timeout: 60_000 }).toBe(true);
  const record = {
    projection: 'timeline',
    generation,
    shard,
    parked: { position, reason: 'Error: a bug' },
    event: events.find((event) => event.position === position),
  };
  expect(heldAtWrite).toEqual([[record]]);
  expect(await memory.checkpoint(shard)).toBe(events.at(-1)?.position);

  // Whoever died before the checkpoint passed begins again: the same record is kept once.
  const again = readerOf(room.conversationId, createMemoryTimeline());
  await again.checkpoint(shard);
  await again.apply(shard, events);
  expect(await recordsOf(room.conversationId)).toEqual([record]);
}, 120_000);

const applied = (apply: () => Promise<void>): Promise<boolean> =>
  apply().then(
    () => true,
    () => false,
  );

test('of a conversation that is parked again and again the newest records stay, and others keep theirs', async () => {
  const [often, once] = [await createRoom(opened), await createRoom(opened)];
  const { position: first } = await stored(opened.log, messageIn(opened.world, once));
  for (let sent = 0; sent < recordsMax + 4; sent++) await stored(opened.log, messageIn(opened.world, often));
  const events = await readAll(opened.log, shard);
  const own = events.filter(
    (event) => event.conversationId === often.conversationId && event.event.type === 'message.sent',
  );
  await parkAt(
    once.conversationId,
    events.filter(({ position }) => position === first),
  );
  for (const event of own) await parkAt(often.conversationId, [event]);

  const expected = own
    .slice(-recordsMax)
    .map(({ position }) => expect.objectContaining({ parked: { position, reason: 'Error: a bug' } }));
  expect(await recordsOf(often.conversationId)).toEqual(expected);
  expect(await recordsOf(once.conversationId)).toHaveLength(1);
});

/** As a retry that fails once more, farther on. */
async function parkAt(conversationId: ConversationId, events: readonly StoredEvent[]): Promise<void> {
  const reader = readerOf(conversationId, createMemoryTimeline());
  await reader.checkpoint(shard);
  await reader.apply(shard, events);
}

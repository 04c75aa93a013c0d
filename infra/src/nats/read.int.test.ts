// What a reader does when its consumer, its connection or the log is not as it should be.
import { encode } from '@msgpack/msgpack';
import { LogGap, MalformedEvent, NO_POSITION, UnknownEventVersion, type Shard, type StoredEvent } from '@parley/domain';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection } from './connection.ts';
import { CONSUMER_LIMITS } from './consumer.ts';
import { NatsEventLog } from './event-log.ts';
import { chatStream } from './subjects.ts';
import { createRoom, messageIn, openTestLog, readAll, stored, type Room, type TestLog } from './test-log.ts';
import { startTestServer, type TestServer } from './test-servers.ts';

let server: TestServer;
let opened: TestLog;
let jsm: JetStreamManager;
let room: Room;

beforeEach(async () => {
  server = await startTestServer();
  const upcasters = new Map([['message.sent.v0', upcastMessage]]);
  opened = await openTestLog({ servers: server.url, upcasters });
  jsm = await jetstreamManager(opened.connection.nc);
  room = await createRoom(opened);
}, 60_000);

afterEach(async () => {
  await opened[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('gives what comes before an event of an unknown version, and stops there', async () => {
  await stored(opened.log, messageIn(opened.world, room));
  const { seq } = await publishRaw('message.sent.v9', { body: 'from the future' });
  await stored(opened.log, messageIn(opened.world, room));
  const { seen, error } = await readToFailure();
  expect(seen).toEqual(upTo(seq - 1));
  expect(error).toBeInstanceOf(UnknownEventVersion);
  expect(String(error)).toContain(`message.sent.v9 at ${seq}`);
});

test('stops at a record that is not an event', async () => {
  await jsm.jetstream().publish(`chat.${room.shard}.${room.conversationId}.msg`, 'not ours');
  expect((await readToFailure()).error).toBeInstanceOf(MalformedEvent);
});

test('stops at an event whose content has not its shape', async () => {
  await publishRaw('message.sent.v1', { body: 7 });
  const { error } = await readToFailure();
  expect(error).toBeInstanceOf(MalformedEvent);
  expect(String(error)).toMatch(/message\.sent\.v1 at \d+ of chat\./);
});

test('reads an old version as the current one', async () => {
  await publishRaw('message.sent.v0', { id: 'an-id', text: 'from the past' });
  const found = (await readAll(opened.log, room.shard)).at(-1);
  expect(found?.event).toEqual({ type: 'message.sent', clientMsgId: 'an-id', body: 'from the past', bodyType: 'text' });
});

test('stops where an event was taken out of the log', async () => {
  const { position } = await stored(opened.log, messageIn(opened.world, room));
  await stored(opened.log, messageIn(opened.world, room));
  await jsm.streams.deleteMessage(chatStream(room.shard), position);
  const { seen, error } = await readToFailure();
  expect(seen).toEqual(upTo(position - 1));
  expect(error).toBeInstanceOf(LogGap);
});

test('goes on where it was when its consumer is deleted', async () => {
  await throughTrouble(async () => {
    for await (const { name, stream_name } of jsm.consumers.list(chatStream(room.shard))) {
      await jsm.consumers.delete(stream_name, name);
    }
  });
});

test('goes on where it was after a reconnect', async () => {
  await throughTrouble(() => opened.connection.nc.reconnect());
});

test('goes on where it was after a restart of the server', async () => {
  await throughTrouble(async () => {
    await server.kill();
    await server.start();
  });
});

test('takes a silent consumer for lost, and a frozen server for what it is', async () => {
  await throughTrouble(async () => {
    server.signal('SIGSTOP');
    await opened.world.sleep(CONSUMER_LIMITS.silenceMsMax + 500);
    server.signal('SIGCONT');
  });
});

test('notices a delivery that was lost on the way, even the last one', async () => {
  const { position } = await stored(opened.log, messageIn(opened.world, room));
  const nc = dropping(opened.connection.nc, (message) => message.reply?.includes(`.${position}.`));
  const lossy = new Connection(nc, { name: 'lossy', inboxPrefix: '_INBOX' });
  const observer = { readerRestarted: (_shard: Shard, reason: string) => reasons.push(reason) };
  const reasons: string[] = [];
  await using log = new NatsEventLog({ connection: lossy, world: opened.world, shards: opened.log.shards, observer });
  const found = await readAll(log, room.shard);
  expect(found.map((event) => event.position)).toEqual(upTo(position));
  expect(reasons).toEqual(['delivery lost']);
});

test('keeps its consumer while nothing happens, and takes it away when it ends', async () => {
  const ended = new AbortController();
  const { meta, shard } = room;
  const reading = Array.fromAsync(opened.log.read(shard, meta, { reader: 'timeline-g1', signal: ended.signal }));
  await expect.poll(() => consumerNames()).toEqual([expect.stringMatching(/^timeline-g1-s\d+-[0-9a-f]{8}$/)]);
  const [name] = await consumerNames();
  await opened.world.sleep(CONSUMER_LIMITS.silenceMsMax + CONSUMER_LIMITS.heartbeatMs);
  expect(await consumerNames()).toEqual([name]);
  expect(opened.count('readerRestarted')).toBe(0);
  ended.abort();
  await reading;
  await expect.poll(() => consumerNames()).toEqual([]);
});

/** The same connection, except that the first message like this never arrives. */
function dropping(nc: NatsConnection, isLost: (message: Msg) => boolean | undefined): NatsConnection {
  let lost = 0;
  const subscribe: NatsConnection['subscribe'] = (subject, options) =>
    nc.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        const isDropped = error === null && lost === 0 && isLost(message) === true;
        if (!isDropped) return options?.callback?.(error, message);
        lost++;
      },
    });
  return Object.create(nc, { subscribe: { value: subscribe } }) as NatsConnection;
}

const upcastMessage = (data: unknown): unknown => {
  const { id, text } = data as { id: string; text: string };
  return { clientMsgId: id, body: text, bodyType: 'text' };
};

function publishRaw(event: string, data: object): Promise<{ seq: number }> {
  const record = { event, actor: 'ann', meta: room.meta, notAfter: Date.now() + 30_000, key: 'k', bodyHash: 'h', data };
  return jsm.jetstream().publish(`chat.${room.shard}.${room.conversationId}.msg`, encode(record));
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

async function readToFailure(): Promise<{ seen: readonly number[]; error: unknown }> {
  const seen: number[] = [];
  const { signal } = new AbortController();
  try {
    const batches = opened.log.read(room.shard, NO_POSITION, { reader: 'test', signal });
    for await (const batch of batches) seen.push(...batch.map(({ position }) => position));
  } catch (error) {
    return { seen, error };
  }
  return { seen, error: undefined };
}

/** Events before, during and after it: the reader sees each once, in order, and had to begin anew. */
async function throughTrouble(trouble: () => Promise<void>): Promise<void> {
  const ended = new AbortController();
  const seen: number[] = [];
  const reading = follow(opened.log.read(room.shard, NO_POSITION, { reader: 'test', signal: ended.signal }), seen);
  await appendSome();
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  await Promise.all([appendSome(), trouble()]);
  await expect.poll(() => opened.count('readerRestarted'), { timeout: 10_000 }).toBeGreaterThan(0);
  await appendSome();
  const head = await opened.log.head(room.shard);
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe(head);
  expect(seen).toEqual(upTo(head));
  ended.abort();
  await reading;
}

async function appendSome(): Promise<void> {
  for (let count = 0; count < 50; count++) await stored(opened.log, messageIn(opened.world, room));
}

async function follow(batches: AsyncIterable<readonly StoredEvent[]>, seen: number[]): Promise<void> {
  for await (const batch of batches) seen.push(...batch.map(({ position }) => position));
}

async function consumerNames(): Promise<readonly string[]> {
  const infos = await Array.fromAsync(jsm.consumers.list(chatStream(room.shard)));
  return infos.map(({ name }) => name);
}

// What appends answer when the server is slow, away, or too late.
import { setImmediate } from 'node:timers/promises';
import { isVoid } from '@parley/domain';
import { jetstreamManager, JetStreamApiError } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPEND_LIMITS } from './append.ts';
import { chatStream } from './subjects.ts';
import { createRoom, messageIn, openTestLog, readAll, stored, type TestLog } from './test-log.ts';
import { startTestServer, type TestServer } from './test-servers.ts';

let server: TestServer;
let opened: TestLog;

beforeAll(async () => {
  server = await startTestServer();
  opened = await openTestLog({ servers: server.url });
}, 60_000);

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('answers Unavailable for an event that was stored too late, and the log keeps it, void', async () => {
  const { log, world } = opened;
  const room = await createRoom(opened);
  const head = await log.head(room.shard);
  world.offsetMs = -60_000;
  const answer = await whileFrozen(() => log.append(messageIn(world, room)), 0);
  expect(answer).toEqual({ type: 'Unavailable', retryAfterMs: 120_000 });
  expect(opened.count('readBack')).toBe(1);
  const found = (await readAll(log, room.shard)).filter(({ position }) => position > head);
  expect(found.map(isVoid)).toEqual([true]);
});

test('answers Appended for an event whose ack came late, but that was stored in time', async () => {
  const { log, world } = opened;
  const room = await createRoom(opened);
  const answer = await whileFrozen(() => log.append(messageIn(world, room)), 40_000);
  expect(answer).toMatchObject({ type: 'Appended' });
  expect(opened.count('readBack')).toBe(2);
  world.offsetMs = 0;
});

test('refuses what does not fit the outbox, and answers everything that does', { timeout: 60_000 }, async () => {
  const { log, world } = opened;
  const rooms = await Promise.all(Array.from({ length: 32 }, () => createRoom(opened)));
  const events = rooms.flatMap((room) =>
    Array.from({ length: APPEND_LIMITS.outboxMax / 32 }, () => messageIn(world, room)),
  );
  server.signal('SIGSTOP');
  const appending = events.map((event) => log.append(event));
  const [room] = rooms;
  const refused = room && (await log.append(messageIn(world, room)));
  server.signal('SIGCONT');
  expect(refused).toEqual({ type: 'Overloaded', retryAfterMs: APPEND_LIMITS.overloadedRetryAfterMs });
  const answers = await Promise.all(appending);
  expect(answers.every(({ type }) => type === 'Appended')).toBe(true);
});

test('answers Unavailable shortly before not-after while the server is away, and then stores nothing', async () => {
  const { log, world } = opened;
  const room = await createRoom(opened);
  const head = await log.head(room.shard);
  await server.kill();
  const appending = log.append(messageIn(world, room));
  world.offsetMs += 25_000;
  expect(await appending).toMatchObject({ type: 'Unavailable' });
  world.offsetMs = 0;
  await server.start();
  expect(await log.head(room.shard)).toBe(head);
});

test('gives a retry the original position across a restart of the server', async () => {
  const { log, world } = opened;
  const event = messageIn(world, await createRoom(opened));
  const { position } = await stored(log, event);
  await server.kill();
  await server.start();
  expect(await log.append(event)).toEqual({ type: 'Appended', position, duplicate: true });
});

test('the stream refuses to be purged', async () => {
  const { shard } = await createRoom(opened);
  const jsm = await jetstreamManager(opened.connection.nc);
  await expect(jsm.streams.purge(chatStream(shard))).rejects.toThrow(JetStreamApiError);
});

test('tells how far the clock is off', async () => {
  const { log, world } = opened;
  expect(Math.abs(await log.clockSkewMs())).toBeLessThan(1_000);
  world.offsetMs = 7_000;
  const skewMs = await log.clockSkewMs();
  world.offsetMs = 0;
  expect(Math.round(skewMs / 1_000)).toBe(7);
});

/** Begins while the server is frozen and, once the request is on the wire, moves the clock to that offset and goes on. */
async function whileFrozen<Answer>(begin: () => Promise<Answer>, offsetMs: number): Promise<Answer> {
  server.signal('SIGSTOP');
  const answer = begin();
  await setImmediate();
  opened.world.offsetMs = offsetMs;
  server.signal('SIGCONT');
  return answer;
}

// What survives when servers die in the middle of appends and reads.
import { allShards, NO_POSITION, type Appended, type NewEvent, type StoredEvent } from '@parley/domain';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect, test, vi } from 'vitest';
import { createRoom, messageIn, openTestLog, readAll, stored, type Room, type TestLog } from './test-log.ts';
import { startTestCluster, startTestServer, type TestCluster, type TestServer } from './test-servers.ts';

interface Acked {
  readonly event: NewEvent;
  readonly answer: Appended;
}

test('loses and doubles nothing when the server is killed in the middle of appends', { timeout: 120_000 }, async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url, shards: 4 });
  const rooms = await createRooms(opened, 40);
  const readers = followAll(opened);
  const crash = async (): Promise<void> => {
    await server.kill();
    await server.start();
  };
  const acked = await appendFromLoops(opened, rooms, { loops: 16, appends: 2_400, at: { 600: crash, 1_500: crash } });
  await expectExactly(opened, acked);
  await readers.expectAll();
  expect(opened.count('disconnected') + opened.count('timeout')).toBeGreaterThan(0);
  expect(opened.count('readerRestarted')).toBeGreaterThan(0);
});

test('loses and doubles nothing when a leader of three is killed', { timeout: 120_000 }, async () => {
  await using cluster = await startTestCluster();
  await using opened = await openTestLog({ servers: cluster.urls, shards: 2, replicas: 3 });
  const rooms = await createRooms(opened, 12);
  const readers = followAll(opened);
  const killLeader = async (): Promise<void> => {
    // Between two elections there is none.
    const leader = await vi.waitFor(() => leaderOf(opened, cluster), { timeout: 60_000, interval: 200 });
    await leader.kill();
    await leader.start();
  };
  const acked = await appendFromLoops(opened, rooms, {
    loops: 8,
    appends: 1_200,
    at: { 300: killLeader, 800: killLeader },
  });
  await expectExactly(opened, acked);
  await readers.expectAll();
});

async function leaderOf({ connection }: TestLog, { servers }: TestCluster): Promise<TestServer> {
  const jsm = await jetstreamManager(connection.nc);
  const { cluster } = await jsm.streams.info('CHAT_0');
  const leader = servers.find(({ name }) => name === cluster?.leader);
  if (leader === undefined) throw new Error('CHAT_0 has no leader to kill');
  return leader;
}

const createRooms = (opened: TestLog, count: number): Promise<readonly Room[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => createRoom(opened, `room${index}`)));

interface Loops {
  readonly loops: number;
  readonly appends: number;
  /** What happens when so many appends have begun. */
  readonly at: Readonly<Record<number, () => Promise<void>>>;
}

/** Each loop appends to its rooms in turn, one after the other; every append is answered with Appended. */
async function appendFromLoops(opened: TestLog, rooms: readonly Room[], plan: Loops): Promise<readonly Acked[]> {
  const acked: Acked[] = [];
  const events: Promise<void>[] = [];
  let begun = 0;
  const loop = async (): Promise<void> => {
    while (begun < plan.appends) {
      const serial = begun++;
      const happening = plan.at[serial];
      if (happening) events.push(happening());
      const room = rooms[(serial * 7) % rooms.length];
      if (room === undefined) return;
      const event = messageIn(opened.world, room);
      acked.push({ event, answer: await stored(opened.log, event) });
    }
  };
  await Promise.all(Array.from({ length: plan.loops }, loop));
  await Promise.all(events);
  return acked;
}

/** Every acked event is at its position and nowhere else, and there is no other message. */
async function expectExactly({ log }: TestLog, acked: readonly Acked[]): Promise<void> {
  const positions = new Map(acked.map(({ event, answer }) => [event.idempotencyKey, answer.position]));
  const found = (await Promise.all(allShards(log.shards).map((shard) => readAll(log, shard)))).flat();
  const messages = found.filter(({ event }) => event.type === 'message.sent');
  expect(messages).toHaveLength(acked.length);
  for (const { idempotencyKey, position } of messages) expect(position).toBe(positions.get(idempotencyKey));
}

/** A reader for each shard that began before anything happened. */
function followAll({ log }: TestLog): { expectAll(): Promise<void> } {
  const ended = new AbortController();
  const followed = allShards(log.shards).map((shard) => {
    const seen: number[] = [];
    return {
      shard,
      seen,
      reading: collect(log.read(shard, NO_POSITION, { reader: 'test', signal: ended.signal }), seen),
    };
  });
  return {
    async expectAll() {
      for (const { shard, seen } of followed) {
        const head = await log.head(shard);
        await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toBe(head);
        expect(seen).toEqual(Array.from({ length: head }, (_, index) => index + 1));
      }
      ended.abort();
      await Promise.all(followed.map(({ reading }) => reading));
    },
  };
}

async function collect(batches: AsyncIterable<readonly StoredEvent[]>, seen: number[]): Promise<void> {
  for await (const batch of batches) seen.push(...batch.map(({ position }) => position));
}

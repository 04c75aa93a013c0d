// Figures of the log on one server that syncs always: `node infra/src/nats/log.bench.ts`. Appends are compared with the
// client's own `js.publish`, same headers, same run.
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import {
  allShards,
  NO_POSITION,
  type ConversationId,
  type NewEvent,
  type Position,
  shardOf,
  type Shard,
  type UserId,
} from '@parley/domain';
import { encodeEvent } from './codec.ts';
import { connectNats, NatsEventLog, createDeployment } from './index.ts';
import { startTestServer, testWorld } from './test-servers.ts';

const shards = 16;
const secondsEach = 4;
const eventsToRead = 200_000;
const world = testWorld();
await using server = await startTestServer();
await using connection = await connectNats({ servers: server.url, name: 'bench' });
await createDeployment({ connection, world, shards, replicas: 1 });
await using log = new NatsEventLog({ connection, world, shards });
const js = jetstream(connection.nc);

interface Room {
  readonly id: ConversationId;
  readonly meta: Position;
}

const rooms: Room[] = await Promise.all(Array.from({ length: 128 }, () => createRoom()));
if (process.argv[2] === 'read') {
  await readThroughput();
  process.exit();
}
for (const count of [16, 128]) {
  const chosen = rooms.slice(0, count);
  await perSecond(`append, ${count} conversations, one in flight each`, chosen, (event) => log.append(event));
  await perSecond(`js.publish, ${count} conversations, one in flight each`, chosen, publishRaw);
}
await readThroughput();
await latency();
await idle();

async function createRoom(): Promise<Room> {
  const id = `g_${world.uuid()}` as ConversationId;
  const added = { type: 'conversation.members_added', userIds: ['ann' as UserId], role: 'member' } as const;
  const answer = await log.append({ ...eventIn(id, NO_POSITION), event: added });
  if (answer.type !== 'Appended') throw new Error(answer.type);
  return { id, meta: answer.position };
}

function eventIn(conversationId: ConversationId, decidedOn: Position): NewEvent {
  return {
    conversationId,
    actorId: 'ann' as UserId,
    event: { type: 'message.sent', clientMsgId: world.uuid(), body: 'hello there, how are you?', bodyType: 'text' },
    decidedOn,
    notAfterTs: world.now() + 30_000,
    idempotencyKey: world.uuid(),
    bodyHash: 'c29tZSBoYXNo',
  } as NewEvent;
}

function publishRaw(event: NewEvent): Promise<unknown> {
  const encoded = encodeEvent(event, shards);
  const values = headers();
  for (const [name, value] of encoded.headers) values.append(name, value);
  return js.publish(encoded.subject, encoded.body, { headers: values });
}

async function perSecond(what: string, chosen: readonly Room[], append: (event: NewEvent) => Promise<unknown>) {
  const startTs = performance.now();
  const cpu = process.cpuUsage();
  const elapsed: number[] = [];
  await Promise.all(
    chosen.map(async ({ id, meta }) => {
      while (performance.now() - startTs < secondsEach * 1_000) {
        const began = performance.now();
        await append(eventIn(id, meta));
        elapsed.push(performance.now() - began);
      }
    }),
  );
  const used = process.cpuUsage(cpu);
  const cpuUs = (used.user + used.system) / elapsed.length;
  const rate = Math.round((elapsed.length / (performance.now() - startTs)) * 1_000);
  print(`${what}: ${rate}/s, ${percentiles(elapsed)}, ${cpuUs.toFixed(0)} us CPU each`);
}

/** On a server of its own that does not sync, so that filling it takes seconds. */
async function readThroughput() {
  await using quick = await startTestServer({ settings: { syncInterval: '10s' } });
  await using link = await connectNats({ servers: quick.url, name: 'bench' });
  await createDeployment({ connection: link, world, shards: 1, replicas: 1 });
  await using filled = new NatsEventLog({ connection: link, world, shards: 1 });
  for (let left = eventsToRead; left > 0; left -= 1_000) {
    for (let i = 0; i < 1_000; i++) {
      const { subject, body } = encodeEvent(eventIn(`g_${i % 100}` as ConversationId, NO_POSITION), 1);
      link.nc.publish(subject, body);
    }
    await link.nc.flush();
  }
  for (let round = 0; round < 3; round++) {
    const cpu = process.cpuUsage();
    const ms = await readAll(filled);
    const { user, system } = process.cpuUsage(cpu);
    const rate = Math.round((eventsToRead / ms) * 1_000);
    print(`read: ${rate} events/s by one reader, ${((user + system) / eventsToRead).toFixed(1)} us CPU each`);
  }
}

async function readAll(filled: NatsEventLog): Promise<number> {
  const ended = new AbortController();
  const startTs = performance.now();
  for await (const batch of filled.read(0 as Shard, NO_POSITION, { reader: 'bench', signal: ended.signal })) {
    if ((batch.at(-1)?.position ?? 0) >= eventsToRead) break;
  }
  return performance.now() - startTs;
}

async function latency() {
  const room = await createRoom();
  const ended = new AbortController();
  const seen = new Map<number, number>();
  const shard = shardOf(room.id, shards);
  const reading = (async () => {
    for await (const batch of log.read(shard, room.meta, { reader: 'bench', signal: ended.signal })) {
      for (const event of batch) seen.set(event.position, performance.now());
    }
  })();
  const total: number[] = [];
  const afterAck: number[] = [];
  for (let i = 0; i < 500; i++) {
    const began = performance.now();
    const answer = await log.append(eventIn(room.id, room.meta));
    const acked = performance.now();
    await world.sleep(4);
    const seenAt = answer.type === 'Appended' ? seen.get(answer.position) : undefined;
    if (seenAt === undefined) continue;
    total.push(seenAt - began);
    afterAck.push(seenAt - acked);
  }
  ended.abort();
  await reading;
  print(`append to yield: ${percentiles(total)}; after the ack: ${percentiles(afterAck)} (${total.length})`);
}

async function idle() {
  const ended = new AbortController();
  const readers = allShards(shards).flatMap((shard) =>
    ['timeline', 'conversations', 'delivery'].map(async (reader) => {
      const after = await log.head(shard);
      for await (const batch of log.read(shard, after, { reader, signal: ended.signal })) void batch;
    }),
  );
  await world.sleep(1_000);
  const cpu = process.cpuUsage();
  await world.sleep(5_000);
  const used = process.cpuUsage(cpu);
  print(`${readers.length} idle readers: ${((used.user + used.system) / 50_000).toFixed(2)} % of a core`);
  ended.abort();
  await Promise.all(readers);
}

function percentiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

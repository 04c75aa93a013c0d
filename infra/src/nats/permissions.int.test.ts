// Every role on three servers: with its permissions it does its work by the real adapters, and nothing else.
import { Kvm } from '@nats-io/kv';
import { NO_POSITION, position, type DeliveryBatch, type Shard } from '@parley/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { natsGatewayBus, NatsEventLog, openCheckpoints, openDeployment, type Connection, type Role } from './index.ts';
import { invalidateSubject } from './subjects.ts';
import { createRoom, memberLeaves, messageIn, readAll, stored, type Room } from './test-log.ts';
import { connectAs, objection, openRoles, sizing, streamStates, type Attempt, type TestRoles } from './test-roles.ts';
import { testWorld } from './test-servers.ts';

const world = testWorld();
const shard = 0 as Shard;
let roles: TestRoles;
let room: Room;

beforeAll(async () => {
  roles = await openRoles();
  await using log = logOf(roles.connections.gateway);
  room = await createRoom({ log, world });
}, 120_000);

afterAll(() => roles[Symbol.asyncDispose]());

const logOf = (connection: Connection): NatsEventLog => new NatsEventLog({ connection, world, shards: sizing.shards });

describe('with its permissions', () => {
  test.each(['gateway', 'delivery', 'projector', 'setup', 'operator'] as const)(
    'the %s opens the deployment that setup created',
    async (role) => {
      const connection = roles.connections[role];
      expect(await openDeployment({ connection, world, ...sizing })).toEqual({ shards: sizing.shards, logEpoch: 1 });
    },
  );

  test('a gateway appends and reads, and tells and hears other gateways', async () => {
    await using connection = await connectAs(roles.cluster, 'gateway');
    await using log = logOf(connection);
    const message = messageIn(world, room);
    const { position: at } = await stored(log, message);
    expect(await stored(log, message)).toMatchObject({ position: at, duplicate: true });
    const left = await stored(log, memberLeaves(world, room));
    expect(await log.append(message)).toMatchObject({ type: 'Appended', position: at });
    expect(await log.append(messageIn(world, room))).toEqual({ type: 'Stale' });
    expect(await log.readOne(room.shard, at)).toMatchObject(message);
    expect((await readAll(log, room.shard)).map((event) => event.position)).toContain(at);
    expect((await log.conversationEvents(room.conversationId, NO_POSITION)).at(-1)?.position).toBe(left.position);
    room = { ...room, meta: left.position };
    await hearsBatchFrom(connection, roles.connections.gateway);
    await hearsHint(connection);
    expect(await isRefused(connection)).toBe(false);
  });

  test('delivery reads the log, keeps checkpoints, and sends batches to gateways', async () => {
    await using connection = await connectAs(roles.cluster, 'delivery');
    await readsLog(connection);
    const checkpoints = await openCheckpoints(connection, 1);
    await checkpoints.save('delivery', shard, position(5));
    await checkpoints.save('delivery', shard, position(6));
    expect(await (await openCheckpoints(connection, 1)).load('delivery', shard)).toBe(6);
    await hearsBatchFrom(roles.connections.gateway, connection);
    await hearsHint(connection);
    expect(await isRefused(connection)).toBe(false);
  });

  test('a projector reads the log and writes what is known of projections', async () => {
    await using connection = await connectAs(roles.cluster, 'projector');
    await readsLog(connection);
    const projections = await new Kvm(connection.nc).open('parley_projections');
    await projections.put('generation.timeline', '2');
    expect((await projections.get('generation.timeline'))?.string()).toBe('2');
    expect(await isRefused(connection)).toBe(false);
  });

  test('push works off its jobs', async () => {
    await using connection = await connectAs(roles.cluster, 'push');
    await roles.connections.operator.nc.request('push.ann.g_1', 'job');
    const { nc } = connection;
    const job = await nc.request('$JS.API.CONSUMER.MSG.NEXT.PUSH.push', '1', { timeout: 5_000, noMux: true });
    expect(job.string()).toBe('job');
    nc.publish(job.reply ?? '', '+ACK');
    await expect.poll(async () => (await roles.jsm.streams.info('PUSH')).state.messages).toBe(0);
    expect(await isRefused(connection)).toBe(false);
  });

  test('the operator lists, changes and deletes', async () => {
    const { jsm } = roles;
    await jsm.streams.add({ name: 'SCRATCH', subjects: ['scratch'], num_replicas: 3 });
    const { nc } = roles.connections.operator;
    for (let index = 0; index < 3; index++) await nc.request('scratch', 'text');
    await jsm.consumers.add('SCRATCH', { name: 'reader' });
    expect((await Array.fromAsync(jsm.streams.list())).map(({ config }) => config.name)).toContain('SCRATCH');
    expect((await Array.fromAsync(jsm.consumers.list('SCRATCH'))).map(({ name }) => name)).toEqual(['reader']);
    await jsm.streams.update('SCRATCH', { max_msgs: 10 });
    expect(await jsm.streams.deleteMessage('SCRATCH', 1)).toBe(true);
    expect((await jsm.streams.purge('SCRATCH')).purged).toBe(2);
    expect(await jsm.consumers.delete('SCRATCH', 'reader')).toBe(true);
    expect(await jsm.streams.delete('SCRATCH')).toBe(true);
  });
});

/** What nobody in a fleet may do, whatever the role. */
const operatorsOwn: readonly Attempt[] = [
  ...['PURGE', 'DELETE', 'UPDATE', 'SNAPSHOT', 'RESTORE', 'PEER.REMOVE', 'LEADER.STEPDOWN', 'MSG.DELETE'].map(
    (call) => ({ publish: `$JS.API.STREAM.${call}.CHAT_0` }),
  ),
  { publish: '$JS.API.STREAM.CREATE.OTHER' },
  { publish: '$JS.API.STREAM.NAMES' },
  { publish: '$JS.API.STREAM.LIST' },
  { publish: '$JS.API.STREAM.INFO.CHAT_2' },
  { publish: '$JS.API.CONSUMER.NAMES.CHAT_0' },
  { publish: '$JS.API.CONSUMER.LIST.CHAT_0' },
  { publish: '$JS.API.CONSUMER.INFO.CHAT_0.reader' },
  { publish: '$JS.API.CONSUMER.DELETE.PUSH.push' },
  { publish: '$JS.API.CONSUMER.DURABLE.CREATE.CHAT_0.reader' },
  { publish: '$JS.API.CONSUMER.CREATE.KV_parley_config.reader' },
  { publish: '$JS.API.CONSUMER.CREATE.PUSH.reader' },
  { publish: '$SYS.REQ.SERVER.PING' },
  { publish: 'chat.0.g_1.other' },
  { publish: '_INBOX.operator.answer' },
  ...['>', '*', '_INBOX.>', '_INBOX.operator.>', 'chat.>', '$KV.>', '$JS.>', 'push.>'].map((subscribe) => ({
    subscribe,
  })),
];

const append: readonly Attempt[] = [{ publish: 'chat.0.g_1.msg' }, { publish: 'chat.0.g_1.meta' }];
const readChats: readonly Attempt[] = [
  { publish: '$JS.API.STREAM.MSG.GET.CHAT_0' },
  { publish: '$JS.API.DIRECT.GET.CHAT_0' },
  { publish: '$JS.API.DIRECT.GET.CHAT_0.chat.0.g_1.msg' },
  { publish: '$JS.API.CONSUMER.CREATE.CHAT_0.reader' },
  { publish: '$JS.API.CONSUMER.MSG.NEXT.CHAT_0.reader' },
  { publish: '$JS.API.CONSUMER.DELETE.CHAT_0.reader' },
];
const create: readonly Attempt[] = [{ publish: '$JS.API.STREAM.CREATE.CHAT_0' }];
const writeConfig: readonly Attempt[] = [{ publish: '$KV.parley_config.shards' }];
const writeProjections: readonly Attempt[] = [{ publish: '$KV.parley_projections.generation.timeline' }];
const writeCheckpoint: readonly Attempt[] = [{ publish: '$KV.parley_projections.checkpoint.e1.delivery.0' }];
const tellGateway: readonly Attempt[] = [{ publish: 'gw.one' }];
const hearGateway: readonly Attempt[] = [{ subscribe: 'gw.one' }, { subscribe: 'gw.>' }];
const takeJobs: readonly Attempt[] = [{ publish: '$JS.API.CONSUMER.MSG.NEXT.PUSH.push' }, { publish: 'push.ann.g_1' }];

const others: Record<Exclude<Role, 'operator'>, readonly Attempt[]> = {
  gateway: [create, writeConfig, writeProjections, writeCheckpoint, takeJobs].flat(),
  delivery: [create, writeConfig, writeProjections, append, hearGateway, takeJobs].flat(),
  projector: [create, writeConfig, writeCheckpoint, append, tellGateway, hearGateway, takeJobs].flat(),
  push: [
    ...[create, writeConfig, writeProjections, writeCheckpoint, append, tellGateway, hearGateway, readChats].flat(),
    { publish: '$JS.API.STREAM.INFO.CHAT_0' },
    { publish: 'push.ann.g_1' },
    { publish: '$JS.API.STREAM.MSG.GET.PUSH' },
  ],
  setup: [writeProjections, writeCheckpoint, append, tellGateway, hearGateway, readChats, takeJobs].flat(),
};

describe.each(Object.keys(others) as (keyof typeof others)[])('to the %s NATS refuses', (role) => {
  const stranger = role === 'gateway' ? 'delivery' : 'gateway';
  const attempts = [...operatorsOwn, ...others[role], { subscribe: `_INBOX.${stranger}.>` }];

  test.each(
    attempts.map(
      (attempt) => [attempt.publish ? 'to publish to' : 'to subscribe to', Object.values(attempt)[0], attempt] as const,
    ),
  )('%s %s', async (_what, subject, attempt) => {
    const before = await streamStates(roles.jsm);
    expect(await objection(roles.connections[role], attempt)).toBe(
      `NATS does not let ${role} ${attempt.publish ? 'publish' : 'subscribe'} to "${subject}" (docs/reference/permissions.md)`,
    );
    expect(await streamStates(roles.jsm)).toEqual(before);
  });
});

async function readsLog(connection: Connection): Promise<void> {
  await using log = logOf(connection);
  const events = await readAll(log, room.shard);
  expect(events.at(-1)?.position).toBe(await log.head(room.shard));
  expect(await log.readOne(room.shard, room.meta)).toMatchObject({ conversationId: room.conversationId });
  expect(await log.conversationEvents(room.conversationId, NO_POSITION)).not.toEqual([]);
  const range = { after: NO_POSITION, upTo: await log.head(room.shard), signal: new AbortController().signal };
  const whole = (await Array.fromAsync(log.conversation(room.conversationId, range))).flat();
  expect(whole).toEqual(events.filter(({ conversationId }) => conversationId === room.conversationId));
}

async function hearsBatchFrom(receiver: Connection, sender: Connection): Promise<void> {
  const batch: DeliveryBatch = { shard, epoch: 1, after: position(1), last: position(2), deliveries: [] };
  const heard: DeliveryBatch[] = [];
  const on = { batch: (received: DeliveryBatch) => heard.push(received), endSession() {}, interrupted() {} };
  await using _subscription = natsGatewayBus(receiver).subscribe('one', on);
  await receiver.nc.flush();
  const bus = natsGatewayBus(sender);
  await expect
    .poll(async () => {
      bus.publish('one', batch);
      await bus.flush();
      return heard[0];
    })
    .toEqual(batch);
}

/** From a gateway. */
async function hearsHint(connection: Connection): Promise<void> {
  const subscription = connection.nc.subscribe(invalidateSubject('g_1'), { max: 1 });
  await connection.nc.flush();
  const hints = setInterval(() => roles.connections.gateway.nc.publish(invalidateSubject('g_1')), 50);
  for await (const { subject } of subscription) expect(subject).toBe('invalidate.g_1');
  clearInterval(hints);
}

/** Whatever it was refused so far has arrived after a flush. */
async function isRefused(connection: Connection): Promise<boolean> {
  return (
    (await objection(connection, {})) !== undefined ||
    (await Promise.race([connection.refusal, Promise.resolve(undefined)])) !== undefined
  );
}

// What our code makes of a refusal; and what NATS does not refuse (docs/reference/permissions.md), so that nobody relies on it.
import { Kvm } from '@nats-io/kv';
import { headers } from '@nats-io/transport-node';
import { position, type Shard } from '@parley/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OrderedConsumer } from './consumer.ts';
import {
  connectNats,
  createDeployment,
  NatsEventLog,
  openCheckpoints,
  openDeployment,
  PermissionDenied,
  type Connection,
} from './index.ts';
import { JetStreamApi } from './jetstream-api.ts';
import { Requests } from './requests.ts';
import { createRoom, messageIn, readAll, type Room } from './test-log.ts';
import { connectAs, objection, openRoles, sizing, type TestRoles } from './test-roles.ts';
import { credentialsOf, testWorld } from './test-servers.ts';

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

describe('a refusal is one clear error, and no time-out,', () => {
  test.each([
    ['opens a deployment', () => openDeployment({ connection: roles.connections.push, world, ...sizing })],
    ['creates a deployment', () => createDeployment({ connection: roles.connections.push, world, ...sizing })],
  ])('to who %s', async (_what, attempt) => {
    expect(await failure(attempt())).toBe(
      'NATS does not let push publish to "$JS.API.STREAM.INFO.KV_parley_config" (docs/reference/permissions.md)',
    );
  });

  test.each([
    ['asks for a head', (log: NatsEventLog) => log.head(shard)],
    ['reads in order', (log: NatsEventLog) => readAll(log, shard)],
    ['looks at the clock', (log: NatsEventLog) => log.clockSkewMs()],
  ])('to who %s', async (_what, attempt) => {
    await using log = logOf(roles.connections.push);
    expect(await failure(attempt(log))).toContain('does not let push publish to "$JS.API.STREAM.INFO.CHAT_0"');
  });

  test('to who appends', async () => {
    await using log = logOf(roles.connections.delivery);
    const subject = `chat.${room.shard}.${room.conversationId}.msg`;
    expect(await failure(log.append(messageIn(world, room)))).toContain(
      `does not let delivery publish to "${subject}"`,
    );
  });

  test('to who pulls from a consumer', async () => {
    const connection = roles.connections.push;
    using requests = new Requests(connection, world);
    const api = new JetStreamApi(requests, world);
    const { signal } = new AbortController();
    const options = { connection, api, world, stream: 'CHAT_0', name: 'theirs', startAt: 1, signal };
    await using consumer = new OrderedConsumer(options);
    expect(await failure(consumer.take(1))).toContain('publish to "$JS.API.CONSUMER.MSG.NEXT.CHAT_0.theirs"');
  });

  test('to who would hear answers in the inbox of another role', async () => {
    const access = { ...credentialsOf('gateway'), role: 'delivery' } as const;
    await using connection = await connectNats({ servers: roles.cluster.urls, name: 'gateway', ...access });
    const opening = openDeployment({ connection, world, ...sizing });
    expect(await failure(opening)).toContain('does not let gateway subscribe to "_INBOX.delivery.');
    using requests = new Requests(connection, world);
    const ask = () => requests.send({ subject: '$JS.API.STREAM.INFO.CHAT_0', payload: '', timeoutMs: 60_000 });
    expect(await failure(ask())).toContain('subscribe to "_INBOX.delivery.');
    expect(await failure(ask())).toContain('subscribe to "_INBOX.delivery.');
  });

  test('to who saves a checkpoint', async () => {
    const checkpoints = await openCheckpoints(await connectAs(roles.cluster, 'projector'), 1);
    await expect(checkpoints.save('delivery', shard, position(1))).rejects.toThrow(
      'Permissions Violation for Publish to "$KV.parley_projections.checkpoint.e1.delivery.0"',
    );
  });

  test('to a process as a whole, which is told of the first', async () => {
    await using connection = await connectAs(roles.cluster, 'push');
    await objection(connection, { publish: 'chat.0.g_1.msg' });
    await objection(connection, { publish: 'chat.0.g_2.msg' });
    expect(await connection.refusal).toMatchObject({ name: 'PermissionDenied', subject: 'chat.0.g_1.msg' });
  });
});

/** Of the error, which has to be ours. */
async function failure(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => undefined).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PermissionDenied);
  return error instanceof Error ? error.message : '';
}

describe('NATS cannot keep', () => {
  test('who knows the name of a consumer from deleting it', async () => {
    const { jsm, connections } = roles;
    await jsm.consumers.add('CHAT_0', { name: 'theirs' });
    expect(await objection(connections.gateway, { publish: '$JS.API.CONSUMER.DELETE.CHAT_0.theirs' })).toBeUndefined();
    await expect.poll(() => jsm.consumers.info('CHAT_0', 'theirs').catch(() => 'gone')).toBe('gone');
  });

  test('an answer from going where the request says', async () => {
    const { jsm, connections } = roles;
    const before = await lastSequence('CHAT_0');
    connections.push.nc.publish('$JS.API.STREAM.INFO.PUSH', '', { reply: 'chat.0.g_1.msg' });
    await expect.poll(() => lastSequence('CHAT_0')).toBe(before + 1);
    await jsm.streams.deleteMessage('CHAT_0', before + 1);
  });

  test('a push consumer from delivering where its maker may not publish', async () => {
    const { gateway, projector } = roles.connections;
    const stream = `CHAT_${room.shard}`;
    const subscription = gateway.nc.subscribe('gw.one', { max: 1 });
    await gateway.nc.flush();
    const config = { name: 'pushing', deliver_subject: 'gw.one', ack_policy: 'none', deliver_policy: 'all' };
    projector.nc.publish(
      `$JS.API.CONSUMER.CREATE.${stream}.pushing`,
      JSON.stringify({ stream_name: stream, action: 'create', config }),
    );
    const heard = await Array.fromAsync(subscription);
    expect(heard.map(({ headers: sent }) => sent?.get('Nats-Msg-Id'))).toEqual([expect.stringMatching(/./)]);
    await roles.jsm.consumers.delete(stream, 'pushing');
  });

  test('who may write one key from emptying its bucket', async () => {
    const { delivery, projector } = roles.connections;
    const projections = await new Kvm(projector.nc).open('parley_projections');
    await projections.put('generation.timeline', '2');
    const emptying = headers();
    emptying.set('Nats-Rollup', 'all');
    const key = '$KV.parley_projections.checkpoint.e1.delivery.0';
    await delivery.nc.request(key, '1', { headers: emptying, timeout: 5_000 });
    expect(await projections.get('generation.timeline')).toBeNull();
  });
});

const lastSequence = async (stream: string): Promise<number> => (await roles.jsm.streams.info(stream)).state.last_seq;

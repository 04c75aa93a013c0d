// A deployment on a real server: declared once, compared ever after, never repaired.
import { NO_POSITION, position, type Shard } from '@parley/domain';
import { withVersion } from '@parley/projections';
import { describeGenerationRegistry } from '@parley/projections/contracts';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  connectNats,
  openCheckpoints,
  createDeployment,
  DeploymentMissing,
  openDeployment,
  openGenerationRegistry,
  ShardsMismatch,
  StreamMismatch,
  type Connection,
} from './index.ts';
import { startTestServer, testWorld, type TestServer } from './test-servers.ts';

let server: TestServer;
let connection: Connection;
let jsm: JetStreamManager;

beforeEach(async () => {
  server = await startTestServer();
  connection = await connectNats({ servers: server.url, name: 'test' });
  jsm = await jetstreamManager(connection.nc);
}, 60_000);

afterEach(async () => {
  await connection[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const world = testWorld();
const sizing = { world, shards: 2, replicas: 1 } as const;

test('opens alike the first time, by several at once, and every time after', async () => {
  const expected = { shards: 2, logEpoch: 1 };
  const opening = Array.from({ length: 4 }, () => createDeployment({ connection, ...sizing }));
  expect(await Promise.all(opening)).toEqual([expected, expected, expected, expected]);
  await server.kill();
  await server.start();
  await using later = await connectNats({ servers: server.url, name: 'later', wait: { world, msMax: 30_000 } });
  expect(await createDeployment({ connection: later, ...sizing })).toEqual(expected);
});

test('a role finds what was created, and waits for it until it is complete', async () => {
  const opening = openDeployment({ connection, ...sizing, waitMsMax: 600_000 });
  await createDeployment({ connection, ...sizing });
  expect(await opening).toEqual({ shards: 2, logEpoch: 1 });
});

test('a role creates nothing, and says in the end what is missing', async () => {
  const opening = openDeployment({ connection, ...sizing, waitMsMax: 600 });
  await expect(opening).rejects.toThrow(
    'there is no deployment to open, after 0.6 s: KV_parley_config was not created; a user who may (setup, operator) has to do it first',
  );
  expect(await jsm.streams.names().next()).toEqual([]);
});

test.each([
  ['one stream', 'CHAT_1'],
  ['what it is', 'parley_config'],
])('a role finds a deployment that lacks %s incomplete', async (_what, missing) => {
  await createDeployment({ connection, ...sizing });
  if (missing === 'CHAT_1') await jsm.streams.delete(missing);
  else await jsm.streams.purge('KV_parley_config');
  await expect(openDeployment({ connection, ...sizing, waitMsMax: 0 })).rejects.toThrow(`${missing} was not created`);
});

test('a role waits no longer for JetStream than for the deployment', async () => {
  server.signal('SIGSTOP');
  const failure = await openDeployment({ connection, ...sizing, waitMsMax: 0 }).catch((error: unknown) => error);
  server.signal('SIGCONT');
  expect(failure).toBeInstanceOf(DeploymentMissing);
  expect(failure).toMatchObject({ message: expect.stringContaining('JetStream does not answer STREAM.INFO.') });
});

test('a role refuses what differs at once, too', async () => {
  await createDeployment({ connection, ...sizing });
  await expect(openDeployment({ connection, ...sizing, shards: 4 })).rejects.toThrow(ShardsMismatch);
  await jsm.streams.update('CHAT_1', { allow_direct: false });
  await expect(openDeployment({ connection, ...sizing })).rejects.toThrow(StreamMismatch);
});

test('refuses another number of shards, and creates none of their streams', async () => {
  await createDeployment({ connection, ...sizing });
  await expect(createDeployment({ connection, ...sizing, shards: 4 })).rejects.toThrow(ShardsMismatch);
  expect(await jsm.streams.names().next()).not.toContain('CHAT_3');
});

test('reports every difference of a stream from its declaration, and leaves it alone', async () => {
  await createDeployment({ connection, ...sizing });
  await jsm.streams.update('CHAT_1', { duplicate_window: 60_000_000_000, allow_direct: false });
  const failure = await createDeployment({ connection, ...sizing }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StreamMismatch);
  expect(failure).toMatchObject({
    differences: [
      { stream: 'CHAT_1', key: 'duplicate_window', declared: 120_000_000_000, actual: 60_000_000_000 },
      { stream: 'CHAT_1', key: 'allow_direct', declared: true, actual: false },
    ],
  });
  expect((await jsm.streams.info('CHAT_1')).config.duplicate_window).toBe(60_000_000_000);
});

test('a checkpoint only rises, whoever writes it', async () => {
  await createDeployment({ connection, ...sizing });
  const shard = 1 as Shard;
  const one = await openCheckpoints(connection, 1);
  const other = await openCheckpoints(connection, 1);
  expect(await one.load('delivery', shard)).toBe(NO_POSITION);
  await one.save('delivery', shard, position(5));
  await other.save('delivery', shard, position(9));
  await one.save('delivery', shard, position(7));
  await one.save('delivery', 0 as Shard, position(1));
  expect(await one.load('delivery', shard)).toBe(9);
  expect(await other.load('delivery', shard)).toBe(9);
});

describeGenerationRegistry(async () => {
  await createDeployment({ connection, ...sizing });
  return [await openGenerationRegistry(connection, 1), await openGenerationRegistry(connection, 1)];
});

test('a log of another epoch has other generations', async () => {
  await createDeployment({ connection, ...sizing });
  const before = await openGenerationRegistry(connection, 1);
  await before.change('timeline', (none) => withVersion(none, 1, 5));
  expect(await (await openGenerationRegistry(connection, 2)).load('timeline')).toBeUndefined();
});

test('a log of another epoch has other checkpoints', async () => {
  await createDeployment({ connection, ...sizing });
  const shard = 0 as Shard;
  await (await openCheckpoints(connection, 1)).save('delivery', shard, position(5));
  expect(await (await openCheckpoints(connection, 2)).load('delivery', shard)).toBe(NO_POSITION);
});

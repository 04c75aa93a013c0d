// Backups between real servers: taken while events are appended, restored into an empty one, refused when something is wrong.
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { allShards, type ClientMessageId, type NewEvent, type StoredEvent } from '@parley/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Kvm } from '@nats-io/kv';
import {
  connectNats,
  createDeployment,
  DeploymentMissing,
  NatsEventLog,
  openDeployment,
  PermissionDenied,
  type Deployment,
} from '../nats/index.ts';
import { createRoom, messageIn, openTestLog, readAll, stored, type TestLog } from '../nats/test-log.ts';
import { credentialsOf, startTestCluster, startTestServer, testWorld } from '../nats/test-servers.ts';
import { BackupRefused, checkBackup, restoreBackup, takeBackup } from './index.ts';

const world = testWorld();
const sizing = { world, shards: 2, replicas: 1 } as const;

const zero = '00000000-0000-7000-8000-000000000000' as ClientMessageId;

let folder: string;
let directory: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-backup-'));
  directory = path.join(folder, 'backup');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const backUp = ({ connection }: Pick<TestLog, 'connection'>, logEpoch = 1) =>
  takeBackup({ connection, world, directory, deployment: { shards: 2, logEpoch } });

async function restoreInto(servers: string, more: { readonly lastEpoch?: number } = {}): Promise<Deployment> {
  await using connection = await connectNats({ servers, name: 'test' });
  return await restoreBackup({ connection, world, backup: await checkBackup(directory), replicas: 1, ...more });
}

async function say(testLog: TestLog, messages: number): Promise<void> {
  const room = await createRoom(testLog);
  await Promise.all(Array.from({ length: messages }, () => stored(testLog.log, messageIn(testLog.world, room))));
}

/** By shard; a reader of an empty one would wait. */
const readLog = async ({ log }: Pick<TestLog, 'log'>): Promise<readonly (readonly StoredEvent[])[]> =>
  Promise.all(allShards(2).map(async (shard) => ((await log.head(shard)) === 0 ? [] : readAll(log, shard))));

test('a restored log is the log of the backup, under the same positions, in a new epoch', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await Promise.all([say(source, 40), say(source, 40), say(source, 40)]);
  const log = await readLog(source);
  const progress: number[] = [];
  const { connection } = source;
  const deployment = { shards: 2, logEpoch: 1 };
  const manifest = await takeBackup({
    connection,
    world,
    directory,
    deployment,
    isChecked: true,
    progress: (done, total) => progress.push(done / total),
  });
  expect(manifest.streams.map(({ name, lastSeq }) => [name, lastSeq])).toStrictEqual([
    ['CHAT_0', log[0]?.length],
    ['CHAT_1', log[1]?.length],
  ]);
  expect(progress.at(-1)).toBe(1);
  await say(source, 5);

  await using empty = await startTestServer();
  await using target = await connectNats({ servers: empty.url, name: 'test' });
  const backup = await checkBackup(directory);
  expect(await restoreBackup({ connection: target, world, backup, replicas: 1 })).toStrictEqual({
    shards: 2,
    logEpoch: 2,
  });
  expect(await openDeployment({ connection: target, ...sizing, waitMsMax: 0 })).toMatchObject({ logEpoch: 2 });
  await using restored = await openTestLog({ servers: empty.url });
  expect(await readLog(restored)).toStrictEqual(log);
});

test('an archive of more than a window comes whole, chunk by chunk', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  const room = await createRoom(source);
  const body = (): string => randomBytes(12 * 1024).toString('base64');
  const large = (): NewEvent => {
    const message = messageIn(world, room);
    return { ...message, event: { type: 'message.sent', clientMsgId: zero, body: body(), bodyType: 'text' } };
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 40 }, () => stored(source.log, large())));
  }
  const manifest = await backUp(source);
  expect(manifest.streams[room.shard]?.bytes).toBeGreaterThan(3 * 1024 * 1024);
  await using empty = await startTestServer();
  await restoreInto(empty.url);
  await using restored = await openTestLog({ servers: empty.url });
  expect(await readLog(restored)).toStrictEqual(await readLog(source));
});

test('what is appended while a backup is taken is in it whole up to some position, or not at all', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 20);
  const taken = new AbortController();
  const saying = (async () => {
    while (!taken.signal.aborted) await say(source, 20);
  })();
  await backUp(source);
  taken.abort();
  await saying;
  const log = await readLog(source);
  await using empty = await startTestServer();
  await restoreInto(empty.url);
  await using restored = await openTestLog({ servers: empty.url });
  const found = await readLog(restored);
  expect(found.flat().length).toBeGreaterThanOrEqual(21);
  for (const [shard, events] of found.entries()) {
    expect(events).toStrictEqual(log[shard]?.slice(0, events.length));
  }
});

test('a second restore of one backup is told the epoch the first one came to', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await backUp(source);
  await using empty = await startTestServer();
  expect(await restoreInto(empty.url, { lastEpoch: 7 })).toMatchObject({ logEpoch: 8 });
});

test('what else the deployment has stored of itself comes with it', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await (await new Kvm(source.connection.nc).open('parley_config')).put('region', 'north');
  await backUp(source);
  await using empty = await startTestServer();
  await restoreInto(empty.url);
  await using target = await connectNats({ servers: empty.url, name: 'test' });
  const config = await new Kvm(target.nc).open('parley_config');
  expect((await config.get('region'))?.string()).toBe('north');
  expect((await config.get('log_epoch'))?.string()).toBe('2');
});

test('a backup that was interrupted is none, and nothing is restored from it', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 10);
  const stop = new AbortController();
  const deployment = { shards: 2, logEpoch: 1 };
  const interrupted = takeBackup({
    connection: source.connection,
    world,
    directory,
    deployment,
    signal: stop.signal,
    progress: () => stop.abort(),
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  expect((await readdir(directory)).length).toBeGreaterThan(0);
  await expect(checkBackup(directory)).rejects.toThrow(/no whole backup.*interrupted.*take another one/);
  await expect(backUp(source)).rejects.toThrow(/something in .* already/);
});

test('a damaged archive is found before anything is restored', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 10);
  await backUp(source);
  await appendFile(path.join(directory, 'CHAT_1', 'stream.tar.s2'), 'x');
  await expect(checkBackup(directory)).rejects.toThrow(/CHAT_1 is not what the manifest says. Nothing was restored/);
  await rm(path.join(directory, 'CHAT_1'), { recursive: true });
  await expect(checkBackup(directory)).rejects.toBeInstanceOf(BackupRefused);
  await writeFile(path.join(directory, 'manifest.json'), '{"format":2}');
  await expect(checkBackup(directory)).rejects.toThrow(/not of a format this build reads/);
});

test('nothing is restored where there is a stream of a deployment', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 10);
  await backUp(source);
  const before = await readLog(source);
  await expect(restoreInto(server.url)).rejects.toThrow(/there are streams already \(CHAT_0, CHAT_1, .*, …\)/);
  expect(await readLog(source)).toStrictEqual(before);
});

test('a restore that fails on the way takes away what it restored', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 10);
  await backUp(source);
  await using empty = await startTestServer();
  const backup = await checkBackup(directory);
  await writeFile(path.join(directory, 'CHAT_1', 'stream.tar.s2'), 'damaged after it was checked');
  await using target = await connectNats({ servers: empty.url, name: 'test' });
  await expect(restoreBackup({ connection: target, world, backup, replicas: 1 })).rejects.toThrow('restore failed');
  const opening = openDeployment({ connection: target, ...sizing, waitMsMax: 0 });
  await expect(opening).rejects.toBeInstanceOf(DeploymentMissing);
  await rm(directory, { recursive: true });
  await backUp(source);
  expect(await restoreInto(empty.url)).toMatchObject({ shards: 2 });
});

test('only the operator may take backups and restore them', async () => {
  await using server = await startTestServer({ users: { shards: 2 } });
  const servers = server.url;
  await using operator = await connectNats({ servers, name: 'operator', ...credentialsOf('operator') });
  await createDeployment({ connection: operator, ...sizing });
  for (const role of ['gateway', 'projector', 'setup'] as const) {
    await using connection = await connectNats({ servers, name: role, ...credentialsOf(role) });
    const taking = takeBackup({ connection, world, directory, deployment: { shards: 2, logEpoch: 1 } });
    await expect(taking).rejects.toBeInstanceOf(PermissionDenied);
    await rm(directory, { recursive: true });
  }
  await backUp({ connection: operator });

  await using empty = await startTestServer({ users: { shards: 2 } });
  await using setup = await connectNats({ servers: empty.url, name: 'setup', ...credentialsOf('setup') });
  const backup = await checkBackup(directory);
  const restoring = restoreBackup({ connection: setup, world, backup, replicas: 1 });
  await expect(restoring).rejects.toBeInstanceOf(PermissionDenied);
  await using other = await connectNats({ servers: empty.url, name: 'operator', ...credentialsOf('operator') });
  expect(await restoreBackup({ connection: other, world, backup, replicas: 1 })).toMatchObject({ logEpoch: 2 });
});

test('a backup of one server is restored into a cluster of three, as this build declares its streams there', async () => {
  await using server = await startTestServer();
  await using source = await openTestLog({ servers: server.url });
  await say(source, 40);
  await backUp(source);
  const log = await readLog(source);
  await using cluster = await startTestCluster({ users: { shards: 2 } });
  const servers = cluster.urls;
  await using operator = await connectNats({ servers, name: 'operator', ...credentialsOf('operator') });
  // A process of the fleet that was started too early.
  await using gateway = await connectNats({ servers, name: 'gateway', ...credentialsOf('gateway') });
  const opening = openDeployment({ connection: gateway, world, replicas: 3, waitMsMax: 60_000 });
  const backup = await checkBackup(directory);
  const restored = await restoreBackup({ connection: operator, world, backup, replicas: 3 });
  expect(restored).toStrictEqual({ shards: 2, logEpoch: 2 });
  expect(await opening).toStrictEqual(restored);
  await using reader = new NatsEventLog({ connection: gateway, world, shards: 2 });
  expect(await readLog({ log: reader })).toStrictEqual(log);
});

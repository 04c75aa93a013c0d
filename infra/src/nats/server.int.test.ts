// nats-server as our child: its life, and its parent's death.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import {
  connectNats,
  DataDirectoryInUse,
  createDeployment,
  startNatsServer,
  type NatsServer,
  type NatsServerEvent,
} from './index.ts';
import { identifyProcess, processesRunning } from '../runtime/processes.ts';
import { SUPERVISION } from './server-supervisor.ts';
import { natsServerBinary } from './test-servers.ts';

let dataDirectory: string;
let events: NatsServerEvent[];

beforeEach(async () => {
  dataDirectory = await mkdtemp(path.join(tmpdir(), 'parley-data-'));
  events = [];
});

afterEach(async () => {
  const [left] = processesRunning('nats-server', '-c', path.join(dataDirectory, 'nats-server.conf'));
  if (left) throw new Error(`nats-server ${left.pid} was left behind`);
  await rm(dataDirectory, { recursive: true });
});

const start = (options: { port?: number; binary?: string } = {}): Promise<NatsServer> =>
  startNatsServer({
    binary: natsServerBinary(),
    dataDirectory,
    world: createWorld(),
    onEvent: (event) => events.push(event),
    ...options,
  });

test('keeps its streams in log/ from one start to the next, and syncs always', async () => {
  for (let round = 0; round < 2; round++) {
    await using server = await start();
    await using connection = await connectNats({ servers: server.url, name: 'test' });
    const jsm = await jetstreamManager(connection.nc);
    const names = (await Array.fromAsync(jsm.streams.list())).map(({ config }) => config.name);
    expect(names.includes('CHAT_1')).toBe(round === 1);
    await createDeployment({ connection, world: createWorld(), shards: 2, replicas: 1 });
  }
  expect(events.map(({ type }) => type)).toEqual(['Ready', 'Ready']);
  expect(await readFile(path.join(dataDirectory, 'nats-server.conf'), 'utf8')).toContain('sync_interval: "always"');
});

test('starts it again when it dies, on the same port', async () => {
  await using server = await start();
  const first = server.pid;
  await using connection = await connectNats({ servers: server.url, name: 'test' });
  process.kill(first ?? 0, 'SIGKILL');
  await expect.poll(() => events.map(({ type }) => type), { timeout: 10_000 }).toEqual(['Ready', 'Died', 'Ready']);
  expect(server.pid).not.toBe(first);
  await expect.poll(() => connection.isUp, { timeout: 10_000 }).toBe(true);
  await createDeployment({ connection, world: createWorld(), shards: 1, replicas: 1 });
});

test('gives up on one that dies again and again', async () => {
  await using server = await start();
  const killing = setInterval(() => server.pid && process.kill(server.pid, 'SIGKILL'), 20);
  await expect.poll(() => events.at(-1)?.type, { timeout: 30_000 }).toBe('GaveUp');
  clearInterval(killing);
  expect(events.filter(({ type }) => type === 'Died')).toHaveLength(SUPERVISION.restartsMax);
});

test('says so when it cannot start', async () => {
  await expect(start({ binary: '/no/such/nats-server' })).rejects.toThrow(
    /nats-server did not start: see .*nats-server\.err/,
  );
  await using server = await start();
  expect(server.pid).toBeGreaterThan(0);
});

test('refuses a data directory that a live process uses, and names it', async () => {
  await using _server = await start();
  const failure = await start().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DataDirectoryInUse);
  expect(failure).toMatchObject({ pid: process.pid });
});

test('outlives its killed parent until the next start ends it', async () => {
  const parent = await startParent();
  const orphan = parent.serverPid;
  parent.child.kill('SIGKILL');
  await once(parent.child, 'exit');
  expect(identifyProcess(orphan)).toBeDefined();
  await using server = await start();
  expect(events[0]).toEqual({ type: 'OrphanEnded', pid: orphan });
  expect(identifyProcess(orphan)).toBeUndefined();
  expect(server.pid).not.toBe(orphan);
});

test('survives the Ctrl-C that its parent drains on', async () => {
  const parent = await startParent();
  // A terminal sends SIGINT to the whole foreground group.
  process.kill(-(parent.child.pid ?? 0), 'SIGINT');
  await once(parent.child, 'exit');
  expect(parent.output()).toContain('server still answers');
  expect(identifyProcess(parent.serverPid)).toBeUndefined();
});

/** A process of its own, in a group of its own, that runs a server and on SIGINT looks whether that still answers. */
async function startParent(): Promise<{ child: ChildProcess; serverPid: number; output(): string }> {
  const script = fileURLToPath(import.meta.resolve('./test-server-parent.ts'));
  const child = spawn(process.execPath, [script, natsServerBinary(), dataDirectory], { detached: true, stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, { timeout: 20_000 }).toMatch(/ready \d+\n/);
  return { child, serverPid: Number(/ready (\d+)/.exec(output)?.[1]), output: () => output };
}

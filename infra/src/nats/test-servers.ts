// For tests: real nats-servers on loopback that can be killed, frozen and started again on the same store.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '@parley/domain';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createWorld } from '../runtime/index.ts';

/** The project's bootstrap names it; without, where the bootstrap puts it. */
export function natsServerBinary(): string {
  const binary = process.env['PARLEY_NATS_SERVER'] ?? path.resolve('.runtime/services/nats-server');
  if (!existsSync(binary)) throw new Error(`no nats-server at ${binary}: run the bootstrap, or set PARLEY_NATS_SERVER`);
  return binary;
}

/** The real world with a clock that can be moved. */
export interface TestWorld extends World {
  offsetMs: number;
}

export function testWorld(): TestWorld {
  const world: TestWorld = { ...createWorld(), offsetMs: 0, now: () => Date.now() + world.offsetMs };
  return world;
}

export interface TestServer extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Again, on the same store and port; clients connect to it when it is ready. */
  start(): Promise<void>;
}

export interface TestCluster extends AsyncDisposable {
  readonly servers: readonly TestServer[];
  readonly urls: string[];
}

/** One server, R1, that syncs always, as standalone; another interval is only for filling a log quickly. */
export async function startTestServer({ syncInterval = 'always' } = {}): Promise<TestServer> {
  const [port = 0] = await freePorts(1);
  const server = await prepareServer({ name: 'n1', port, syncInterval });
  await server.start();
  await untilJetStreamReady([server.url], 1);
  return server;
}

/** Three servers on loopback, for R3. */
export async function startTestCluster(): Promise<TestCluster> {
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `nats://127.0.0.1:${port}`);
  const servers = await Promise.all(
    ports.slice(0, 3).map((port, index) => {
      const cluster = `cluster { name: test, listen: "127.0.0.1:${ports[index + 3]}", routes: [${routes.join(', ')}] }`;
      return prepareServer({ name: `n${index + 1}`, port, cluster });
    }),
  );
  await Promise.all(servers.map((server) => server.start()));
  const urls = servers.map(({ url }) => url);
  await untilJetStreamReady(urls, 3);
  return {
    servers,
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

async function prepareServer(options: {
  name: string;
  port: number;
  syncInterval?: string;
  cluster?: string;
}): Promise<TestServer> {
  const { name, port, syncInterval = 'always', cluster = '' } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-nats-'));
  const config = path.join(folder, 'nats.conf');
  const jetstream = `jetstream { store_dir: "${folder}", sync_interval: ${syncInterval}, max_mem: 256MB, max_file: 8GB }`;
  await writeFile(config, `server_name: ${name}\nlisten: "127.0.0.1:${port}"\n${jetstream}\n${cluster}\n`);
  let child: ChildProcess | undefined;
  const server: TestServer = {
    name,
    url: `nats://127.0.0.1:${port}`,
    signal: (signal) => void child?.kill(signal),
    async kill() {
      const ended = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child?.kill('SIGKILL');
      await ended;
    },
    async start() {
      child = spawn(natsServerBinary(), ['-c', config, '-l', path.join(folder, 'nats.log')], { stdio: 'ignore' });
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

/** A stream of as many replicas can be created. */
async function untilJetStreamReady(urls: string[], replicas: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await using nc = await connect({ servers: urls, timeout: 1_000 });
      const jsm = await jetstreamManager(nc);
      await jsm.streams.add({ name: 'READY', subjects: ['ready'], num_replicas: replicas });
      await jsm.streams.delete('READY');
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, holdPort));
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return held.map(({ port }) => port);
}

async function holdPort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

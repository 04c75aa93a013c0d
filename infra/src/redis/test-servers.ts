// For tests: real Valkey servers on loopback that can be killed, frozen and started again, always empty; one alone, or three
// as a Cluster. A server named by PARLEY_REDIS_URL is used where nothing is killed or wiped.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** The project's set-up names it; without, where the set-up puts it. */
function valkeyBinary(): string {
  const binary = process.env['PARLEY_TEST_VALKEY_SERVER'] ?? path.resolve('.runtime/services/valkey-server');
  if (!existsSync(binary)) {
    throw new Error(`no valkey-server at ${binary}: run the tests by npm test, or set PARLEY_TEST_VALKEY_SERVER`);
  }
  return binary;
}

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
}

export interface TestValkey extends TestRedis {
  readonly port: number;
  /** What only a test asks, such as INFO. */
  readonly admin: Redis;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Again, on the same port, with nothing in it; resolves when it answers. */
  start(): Promise<void>;
}

/** The server the environment names, else one of our own. */
export async function startOrUseRedis(): Promise<TestRedis> {
  const url = process.env['PARLEY_REDIS_URL'];
  return url === undefined ? startTestValkey() : { url, [Symbol.asyncDispose]: async () => undefined };
}

export async function startTestValkey(settings: readonly string[] = []): Promise<TestValkey> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-valkey-'));
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const admin = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
  });
  admin.on('error', () => undefined); // it is told by what the test asks next
  let child: ChildProcess | undefined;
  const server: TestValkey = {
    url: `redis://127.0.0.1:${port}`,
    port,
    admin,
    signal: (signal) => void child?.kill(signal),
    async kill() {
      const ended = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child?.kill('SIGKILL');
      await ended;
    },
    async start() {
      child = spawn(valkeyBinary(), [...args, ...settings], { stdio: 'ignore' });
      await admin.ping();
    },
    async [Symbol.asyncDispose]() {
      admin.disconnect();
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

export interface TestRedisCluster extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly servers: readonly TestValkey[];
}

const slots = 16_384;

/** Three primaries, a third of the slots each. */
export async function startTestRedisCluster(): Promise<TestRedisCluster> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'];
  const servers = await Promise.all([startTestValkey(settings), startTestValkey(settings), startTestValkey(settings)]);
  const edge = (index: number): number => Math.floor((slots * index) / servers.length);
  for (const [index, { admin, port }] of servers.entries()) {
    await admin.cluster('ADDSLOTSRANGE', edge(index), edge(index + 1) - 1);
    await servers[0]?.admin.cluster('MEET', '127.0.0.1', port);
  }
  for (const { admin } of servers) await untilClusterOk(admin);
  return {
    urls: servers.map(({ url }) => url),
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

async function untilClusterOk(admin: Redis): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const info = await admin.cluster('INFO');
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:3`)) return;
    await sleep(50);
  }
  throw new Error('the Cluster does not come up');
}

async function freePort(): Promise<number> {
  const server = createServer();
  // A Cluster's nodes talk to each other 10,000 above it.
  for (;;) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    if (address !== null && typeof address !== 'string' && address.port < 55_000) return address.port;
  }
}

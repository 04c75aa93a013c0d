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
import { createWorld } from '../runtime/index.ts';
import { connectNats, type NatsConnectionOptions } from './connect.ts';
import type { Role } from './permissions.ts';
import { serverConfig, type NatsUser, type ServerSettings, type UserSettings } from './server-config.ts';
import type { CertificateFiles } from './test-certificates.ts';

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

export interface TestSecurity {
  /** Users with their permissions; `credentialsOf` says who they are. Without, everyone may do everything. */
  readonly users?: { readonly shards: number; readonly password?: UserSettings['password'] };
  /** For clients and between servers, both of whom show this certificate. */
  readonly tls?: CertificateFiles;
}

export interface TestServerOptions extends TestSecurity {
  /** Another sync interval than `always` is only for filling a log quickly. */
  readonly settings?: Pick<ServerSettings, 'syncInterval'>;
  readonly environment?: NodeJS.ProcessEnv;
}

const passwordOf = (user: NatsUser): string => `the-${user}-password`;

export const credentialsOf = (role: Role) => ({ role, credentials: { user: role, password: passwordOf(role) } });

const securityOf = ({ users, tls }: TestSecurity) => ({
  ...(users && { users: { password: passwordOf, ...users } }),
  ...(tls && { tls }),
});

/** What our own connection needs. */
const accessOf = ({ users, tls }: TestSecurity) => ({
  ...(users && credentialsOf('operator')),
  ...(tls && { tls: tls.texts }),
});

/** One server, R1, that syncs always, as standalone. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const [port = 0] = await freePorts(1);
  const server = await prepareServer(
    { name: 'n1', port, ...securityOf(options), ...options.settings },
    options.environment,
  );
  await server.start();
  await untilJetStreamReady([server.url], 1, accessOf(options));
  return server;
}

/** Three servers on loopback, for R3. */
export async function startTestCluster(security: TestSecurity = {}): Promise<TestCluster> {
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `nats://${route.user}:${route.password}@127.0.0.1:${port}`);
  const servers = await Promise.all(
    ports.slice(0, 3).map((port, index) => {
      const listen = `127.0.0.1:${ports[index + 3]}`;
      return prepareServer({
        name: `n${index + 1}`,
        port,
        cluster: { listen, routes, password: route, ...(security.tls && { tls: security.tls }) },
        ...securityOf(security),
      });
    }),
  );
  await Promise.all(servers.map((server) => server.start()));
  const urls = servers.map(({ url }) => url);
  await untilJetStreamReady(urls, 3, accessOf(security));
  return {
    servers,
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

const route = { user: 'route', password: 'the-route-password' };

type TestSettings = Omit<ServerSettings, 'listen' | 'storeDirectory' | 'name'> & {
  readonly name: string;
  readonly port: number;
};

const storeBytesMax = 8 * 1024 ** 3;

async function prepareServer({ port, ...settings }: TestSettings, environment = {}): Promise<TestServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-nats-'));
  const config = path.join(folder, 'nats.conf');
  const listen = `127.0.0.1:${port}`;
  const logFile = path.join(folder, 'nats.log');
  await writeFile(config, serverConfig({ ...settings, listen, storeDirectory: folder, storeBytesMax, logFile }));
  let child: ChildProcess | undefined;
  const server: TestServer = {
    name: settings.name,
    url: `nats://${listen}`,
    signal: (signal) => void child?.kill(signal),
    async kill() {
      const ended = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child?.kill('SIGKILL');
      await ended;
    },
    async start() {
      child = spawn(natsServerBinary(), ['-c', config], { stdio: 'ignore', env: environment });
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

/** A stream of as many replicas can be created. */
async function untilJetStreamReady(
  servers: string[],
  replicas: number,
  access: Pick<NatsConnectionOptions, 'role' | 'credentials' | 'tls'>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await using connection = await connectNats({ servers, name: 'test-set-up', ...access });
      const jsm = await jetstreamManager(connection.nc, { timeout: 2_000 });
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

// For tests: a real Cassandra node on loopback that can be killed and started again on the same folder; or the cluster that
// PARLEY_CASSANDRA_CONTACT_POINTS names.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'cassandra-driver';
import type { CassandraOptions } from './index.ts';

const readyMsMax = 90_000;
const script = path.resolve(import.meta.dirname, '../../../scripts/bootstrap/cassandra.sh');

export interface TestNode extends AsyncDisposable {
  readonly options: CassandraOptions;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Again, on the same folder and ports; resolves when it answers. */
  start(): Promise<void>;
}

/** The cluster to be used, and what to do when it is no longer. */
export async function testCluster(): Promise<Pick<TestNode, 'options'> & AsyncDisposable> {
  const given = process.env['PARLEY_CASSANDRA_CONTACT_POINTS'];
  if (given === undefined) return startTestNode();
  return { options: optionsFor(given.split(',')), [Symbol.asyncDispose]: async () => {} };
}

/** A node of our own, whatever the environment says. */
export async function startTestNode(): Promise<TestNode> {
  await fetchJars();
  const [cqlPort = 0, storagePort = 0] = await freePorts(2);
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-cassandra-'));
  const options = optionsFor([`127.0.0.1:${cqlPort}`]);
  const ports = { CASSANDRA_CQL_PORT: String(cqlPort), CASSANDRA_STORAGE_PORT: String(storagePort) };
  let child: ChildProcess | undefined;
  const node: TestNode = {
    options,
    async kill() {
      const ended = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child?.kill('SIGKILL');
      await ended;
    },
    async start() {
      child = spawn(script, ['run', folder], { stdio: 'ignore', env: { ...process.env, ...ports } });
      await untilReady(child, { options, log: path.join(folder, 'log/system.log') });
    },
    async [Symbol.asyncDispose]() {
      await node.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await node.start();
  return node;
}

const optionsFor = (contactPoints: readonly string[]): CassandraOptions => ({
  contactPoints,
  localDataCenter: process.env['PARLEY_CASSANDRA_DATA_CENTER'] ?? 'datacenter1',
  keyspace: `parley_test_${process.pid}`,
  replication: { [process.env['PARLEY_CASSANDRA_DATA_CENTER'] ?? 'datacenter1']: 1 },
});

async function fetchJars(): Promise<void> {
  const [code] = await once(spawn(script, ['fetch'], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  if (code !== 0) throw new Error('no Cassandra to be had: name one in PARLEY_CASSANDRA_CONTACT_POINTS');
}

async function untilReady(child: ChildProcess, node: { options: CassandraOptions; log: string }): Promise<void> {
  for (const startedMs = performance.now(); ; await sleep(200)) {
    const client = new Client({ ...node.options, contactPoints: [...node.options.contactPoints], keyspace: '' });
    const isUp = await client.connect().then(
      () => true,
      () => false,
    );
    await client.shutdown();
    if (isUp) return;
    if (child.exitCode !== null || performance.now() - startedMs > readyMsMax) {
      throw new Error(`Cassandra does not start:\n${(await readFile(node.log, 'utf8')).slice(-4_000)}`);
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

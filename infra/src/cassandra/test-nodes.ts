// For tests: real Cassandra nodes on loopback that can be killed, frozen and started again by any process of a test run.
// They go when the process that owns the ring goes (scripts/bootstrap/cassandra.sh), even when that was killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../runtime/free-port.ts';

/** Plain values, so that one process of a test run can tell another. Node n listens on 127.0.0.n. */
export interface Ring {
  readonly nodes: number;
  readonly folder: string;
  readonly cqlPort: number;
  readonly storagePort: number;
  /** The process without which the nodes go. */
  readonly owner: number;
  /** More lines of cassandra.yaml. */
  readonly yaml?: string;
  readonly access?: Access;
}

/** Without: nobody is asked for a password, in plain TCP. */
export interface Access {
  readonly authenticator: string;
  readonly isEncrypted: boolean;
}

export interface TestNode {
  readonly address: string;
  /** On the same folder and ports as before; resolves when it answers. */
  start(): Promise<void>;
  /** SIGKILL; resolves when it no longer answers. */
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

const readyMsMax = 150_000;
const answerMsMax = 2_000;
const heapMib = 640;
/** What it can do stands at its beginning. */
export const cassandraScript = path.resolve(import.meta.dirname, '../../../scripts/bootstrap/cassandra.sh');

/** Nothing is started. The owner removes the folder. */
export async function createRing(nodes: number, yaml = '', access?: Access): Promise<Ring> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-cassandra-'));
  return {
    nodes,
    folder,
    cqlPort: await freePort(),
    storagePort: await freePort(),
    owner: process.pid,
    yaml,
    ...(access && { access }),
  };
}

export async function removeRing(ring: Ring): Promise<void> {
  await Promise.all(nodesOf(ring).map((node) => node.kill()));
  await rm(ring.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

export const nodesOf = (ring: Ring): readonly TestNode[] =>
  Array.from({ length: ring.nodes }, (_, index) => nodeOf(ring, index + 1));

function nodeOf(ring: Ring, number: number): TestNode {
  const address = addressOf(number);
  const folder = path.join(ring.folder, `node${number}`);
  const endpoint = { host: address, port: ring.cqlPort, isEncrypted: ring.access?.isEncrypted ?? false };
  const pid = () => Number(readFileSync(path.join(folder, 'pid'), 'utf8'));
  return {
    address,
    async start() {
      if (await answers(endpoint)) return;
      const env = { ...process.env, ...settings(ring, number) };
      const child = spawn(cassandraScript, ['run', folder], { stdio: 'ignore', env, detached: true });
      child.unref();
      for (const startedMs = performance.now(); !(await answers(endpoint)); await sleep(200)) {
        if (child.exitCode === null && performance.now() - startedMs < readyMsMax) continue;
        throw new Error(`Cassandra does not start on ${address}:\n${endOf(path.join(folder, 'log/system.log'))}`);
      }
    },
    async kill() {
      if (!existsSync(path.join(folder, 'pid'))) return;
      signalTo(pid(), 'SIGKILL');
      while (await answers(endpoint)) await sleep(20);
    },
    signal: (signal) => signalTo(pid(), signal),
  };
}

const addressOf = (number: number): string => `127.0.0.${number}`;

function settings(ring: Ring, number: number): Readonly<Record<string, string>> {
  const numbers = Array.from({ length: ring.nodes }, (_, index) => index + 1);
  // The whole ring of tokens in equal parts, so that nodes may start at once.
  const token = -(2n ** 63n) + (BigInt(number - 1) * 2n ** 64n) / BigInt(ring.nodes);
  return {
    CASSANDRA_ADDRESS: addressOf(number),
    CASSANDRA_CQL_PORT: String(ring.cqlPort),
    CASSANDRA_STORAGE_PORT: String(ring.storagePort),
    CASSANDRA_SEEDS: numbers.map((one) => `${addressOf(one)}:${ring.storagePort}`).join(),
    CASSANDRA_HEAP_MIB: String(heapMib),
    CASSANDRA_RING_DELAY_MS: '1000',
    CASSANDRA_YAML: `initial_token: ${token}\nauto_bootstrap: false\n${ring.yaml ?? ''}`,
    CASSANDRA_AUTHENTICATOR: ring.access?.authenticator ?? 'AllowAllAuthenticator',
    CASSANDRA_OWNER: String(ring.owner),
  };
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** Whether a node speaks CQL there: it answers an OPTIONS frame of protocol version 4. One that wants TLS only listens. */
async function answers(endpoint: Endpoint): Promise<boolean> {
  const socket = connect(endpoint);
  try {
    if (endpoint.isEncrypted) {
      await once(socket, 'connect', { signal: AbortSignal.timeout(answerMsMax) });
      return true;
    }
    socket.write(Buffer.from([4, 0, 0, 0, 5, 0, 0, 0, 0]));
    await once(socket, 'data', { signal: AbortSignal.timeout(answerMsMax) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error; // it had ended
  }
}

const endOf = (log: string): string => (existsSync(log) ? readFileSync(log, 'utf8').slice(-4_000) : 'it wrote no log');

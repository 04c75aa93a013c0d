// One node of Cassandra that goes when it is disposed of. More writes at a time than a test's node takes: each waits for a sync that
// all of them share.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@parley/infra/runtime';
import { Client } from 'cassandra-driver';

const script = path.resolve(import.meta.dirname, '../../../scripts/bootstrap/cassandra.sh');
const address = '127.0.0.1';
const readyMsMax = 180_000;
const settings = 'concurrent_writes: 128';

export interface CassandraNode extends AsyncDisposable {
  readonly place: { readonly contactPoints: string[]; readonly localDataCenter: string };
}

export async function startCassandra(): Promise<CassandraNode> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-bench-cassandra-'));
  const [cqlPort, storagePort] = [await freePort(), await freePort()];
  const environment = {
    ...process.env,
    CASSANDRA_ADDRESS: address,
    CASSANDRA_CQL_PORT: `${cqlPort}`,
    CASSANDRA_STORAGE_PORT: `${storagePort}`,
    CASSANDRA_YAML: settings,
    CASSANDRA_OWNER: `${process.pid}`,
  };
  const child = spawn(script, ['run', folder], { env: environment, stdio: 'ignore' });
  const node: CassandraNode = {
    place: { contactPoints: [`${address}:${cqlPort}`], localDataCenter: 'datacenter1' },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
  for (const startedMs = performance.now(); !(await answers(node.place)); await pause(500)) {
    if (child.exitCode === null && performance.now() - startedMs < readyMsMax) continue;
    await node[Symbol.asyncDispose]();
    throw new Error(
      `Cassandra does not start (exit code ${child.exitCode}); scripts/bootstrap/cassandra.sh says what it needs`,
    );
  }
  return node;
}

async function answers(place: CassandraNode['place']): Promise<boolean> {
  const client = new Client(place);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.shutdown();
  }
}

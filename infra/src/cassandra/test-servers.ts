// For tests: a keyspace of its own in the ring of the test run, or in the cluster that PARLEY_CASSANDRA_CONTACT_POINTS names.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, types } from 'cassandra-driver';
import { inject } from 'vitest';
import { clientOptions } from './client-options.ts';
import type { CassandraOptions } from './index.ts';
import './test-cluster-setup.ts';
import { nodesOf, type Ring, type TestNode } from './test-nodes.ts';

export interface TestCluster extends AsyncDisposable {
  readonly options: CassandraOptions;
  /** What only a test asks. */
  readonly operator: Client;
  /** Ours to kill; none of a cluster that was named. */
  readonly nodes: readonly TestNode[];
}

const copiesMax = 3;
const schemaMsMax = 60_000;
const togetherMsMax = 120_000;

/** With three copies of each row where there are three nodes. Disposing it drops the keyspace. A ring of one's own may be killed. */
export async function testCluster(ring = inject('cassandraRing')): Promise<TestCluster> {
  const nodes = ring === undefined ? [] : nodesOf(ring);
  await Promise.all(nodes.map((node) => node.start()));
  if (ring) await untilTogether(ring);
  const server = serverOptions(ring);
  const operator = new Client(clientOptions(server));
  await operator.connect();
  const copies = Math.min(copiesMax, operator.hosts.length);
  const keyspace = `parley_test_${randomBytes(4).toString('hex')}`;
  return {
    options: { ...server, keyspace, logEpoch: 1, replication: { [server.localDataCenter]: copies } },
    operator,
    nodes,
    async [Symbol.asyncDispose]() {
      await retried(() => execute(operator, `DROP KEYSPACE IF EXISTS ${keyspace}`)); // nodes may just have come back
      await operator.shutdown();
    },
  };
}

function serverOptions(ring: Ring | undefined): Pick<CassandraOptions, 'contactPoints' | 'localDataCenter'> {
  const named = process.env['PARLEY_CASSANDRA_CONTACT_POINTS']?.split(',');
  const own = ring && nodesOf(ring).map(({ address }) => `${address}:${ring.cqlPort}`);
  return {
    contactPoints: named ?? own ?? [],
    localDataCenter: process.env['PARLEY_CASSANDRA_DATACENTER'] ?? 'datacenter1',
  };
}

/** Until every node asks every other, which a read of all copies at each of them tells. */
export async function untilTogether(ring: Ring): Promise<void> {
  const client = new Client(clientOptions(serverOptions(ring)));
  try {
    await retried(() => client.connect());
    const strategy = `{'class': 'NetworkTopologyStrategy', 'datacenter1': ${ring.nodes}}`;
    await retried(() => execute(client, `CREATE KEYSPACE IF NOT EXISTS together WITH replication = ${strategy}`));
    await retried(() => execute(client, 'CREATE TABLE IF NOT EXISTS together.nodes (node int PRIMARY KEY)'));
    const consistency = types.consistencies.all;
    for (const host of client.hosts.values()) {
      await retried(() => client.execute('SELECT node FROM together.nodes WHERE node = 1', [], { consistency, host }));
    }
  } finally {
    await client.shutdown();
  }
}

const execute = (client: Client, cql: string) => client.execute(cql, [], { readTimeout: schemaMsMax });

async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + togetherMsMax;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

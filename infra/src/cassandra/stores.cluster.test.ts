import { describeConversationStore, describeTimelineStore, type OpenStore } from '@parley/projections/contracts';
import { Client } from 'cassandra-driver';
import { afterAll, beforeAll } from 'vitest';
import { openCassandra, type CassandraStores } from './index.ts';
import { testCluster } from './test-servers.ts';

let cluster: Awaited<ReturnType<typeof testCluster>>;
let stores: CassandraStores;
let operator: Client;

beforeAll(async () => {
  cluster = await testCluster();
  stores = await openCassandra(cluster.options);
  operator = new Client({ ...cluster.options, contactPoints: [...cluster.options.contactPoints] });
  await operator.connect();
});

afterAll(async () => {
  await stores[Symbol.asyncDispose]();
  await operator.execute(`DROP KEYSPACE ${cluster.options.keyspace}`, [], { readTimeout: 60_000 });
  await operator.shutdown();
  await cluster[Symbol.asyncDispose]();
});

/** A generation is used again once it has been emptied: making and dropping tables for each would take ten times as long. */
function emptyGenerations<Store>(
  projection: string,
  openGeneration: (stores: CassandraStores, generation: number) => Promise<Store>,
): OpenStore<Store> {
  const free: number[] = [];
  let last = 0;
  return async () => {
    const generation = free.pop() ?? ++last;
    const reopen = async () => {
      await stores[Symbol.asyncDispose]();
      stores = await openCassandra(cluster.options);
      return openGeneration(stores, generation);
    };
    const empty = async () => {
      await truncate(projection, generation);
      free.push(generation);
    };
    return { store: await openGeneration(stores, generation), reopen, [Symbol.asyncDispose]: empty };
  };
}

async function truncate(projection: string, generation: number): Promise<void> {
  const { keyspace } = cluster.options;
  const cql = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
  const { rows } = await operator.execute(cql, [keyspace], { prepare: true });
  const names = rows.map((row) => String(row.get('table_name')));
  const own = names.filter((name) => name.startsWith(`${projection}_`) && name.endsWith(`_g${generation}`));
  const filled = own.filter((name) => !name.includes('_settings_'));
  await Promise.all(filled.map((name) => operator.execute(`TRUNCATE ${keyspace}.${name}`)));
}

describeTimelineStore(
  'cassandra',
  emptyGenerations('timeline', (stores, generation) => stores.timeline(generation)),
);
describeConversationStore(
  'cassandra',
  emptyGenerations('conversations', (stores, generation) => stores.conversations(generation)),
);

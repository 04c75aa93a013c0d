import { messagesPerDay } from '@parley/projections';
import {
  describeConversationStore,
  describeFlatStore,
  describeTimelineStore,
  type OpenStore,
} from '@parley/projections/contracts';
import type { Client } from 'cassandra-driver';
import { afterAll, beforeAll } from 'vitest';
import { READ_MODELS } from './client-options.ts';
import { openCassandra, type CassandraStores } from './index.ts';
import { testCluster, type TestCluster } from './test-servers.ts';

/** Emptying tables takes long. */
const runs = 6;

let cluster: TestCluster;
let stores: CassandraStores;

beforeAll(async () => {
  cluster = await testCluster();
  stores = await openCassandra(cluster.options);
});

afterAll(async () => {
  await stores[Symbol.asyncDispose]();
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
  const {
    operator,
    options: { keyspace },
  } = cluster;
  const cql = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?';
  const { rows } = await operator.execute(cql, [keyspace], { prepare: true });
  const names = rows.map((row) => String(row.get('table_name')));
  const own = names.filter((name) => name.startsWith(`${projection}_`) && name.endsWith(`_g${generation}`));
  const tables = own.filter((name) => !name.includes('_settings_')).map((name) => `${keyspace}.${name}`);
  // What a refold deleted leaves no row, but marks that outlive what is written next with lower timestamps.
  const isRefolded = await hasRows(operator, tables.find((name) => name.includes('_raised_')) ?? '');
  await Promise.all(tables.map((name) => truncateTable(operator, name, isRefolded)));
}

const hasRows = async (operator: Client, name: string): Promise<boolean> =>
  (await operator.execute(`SELECT * FROM ${name} LIMIT 1`, [], { executionProfile: READ_MODELS })).rows.length > 0;

/** Looking first is fast; truncating makes every node write to its disk. */
async function truncateTable(operator: Client, name: string, isMarked: boolean): Promise<void> {
  if (isMarked || (await hasRows(operator, name))) {
    await operator.execute(`TRUNCATE ${name}`, [], { readTimeout: 60_000 });
  }
}

describeTimelineStore(
  'cassandra',
  emptyGenerations('timeline', (stores, generation) => stores.timeline(generation)),
  runs,
);
describeConversationStore(
  'cassandra',
  emptyGenerations('conversations', (stores, generation) => stores.conversations(generation)),
  runs,
);
describeFlatStore(
  'cassandra',
  emptyGenerations('messages_per_day', (stores, generation) => stores.flat(messagesPerDay, generation)),
  runs,
);

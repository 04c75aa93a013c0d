import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConversationId, Shard } from '@parley/domain';
import { Client } from 'cassandra-driver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOptions, READ_MODELS } from './client-options.ts';
import { openCassandra } from './index.ts';
import { testCluster, type TestCluster } from './test-servers.ts';

const shard = 0 as Shard;
const opener = path.join(import.meta.dirname, 'test-opening-worker.ts');
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await testCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** A process that opens the stores, through one node alone, and writes. Gives what it said on its way down, if it fell. */
async function openElsewhere(event: number): Promise<string> {
  const { contactPoints } = cluster.options;
  const options = { ...cluster.options, contactPoints: contactPoints.slice(event % contactPoints.length).slice(0, 1) };
  const child = spawn(process.execPath, [opener, JSON.stringify({ options, event })], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = text(child.stderr);
  const [code] = await once(child, 'exit');
  return code === 0 ? '' : `${code}: ${await said}`;
}

test('three processes that start at once make one schema, of an empty cluster and of a complete one', async () => {
  for (const events of [
    [1, 2, 3],
    [4, 5, 6],
  ]) {
    expect(await Promise.all(events.map(openElsewhere))).toStrictEqual(['', '', '']);
  }
  await using stores = await openCassandra(cluster.options);
  const store = await stores.timeline(1);
  // Had one of them written to a table of its own, its event would be lost.
  const rows = await store.range('g_one' as ConversationId, { order: 'oldest-first', limit: 10 });
  expect(rows.map(({ stored }) => Number(stored.position))).toStrictEqual([1, 2, 3, 4, 5, 6]);
  expect(await store.checkpoint(shard)).toBe(6);
  expect((await (await stores.conversations(1)).heads(['g_one' as ConversationId])).size).toBe(1);
});

test('every statement goes to a node that has its row', async () => {
  const { options, operator } = cluster;
  const keyspace = `${options.keyspace}_one`;
  await using stores = await openCassandra({ ...options, keyspace, replication: { [options.localDataCenter]: 1 } });
  await stores.timeline(1);
  const client = new Client(clientOptions(options));
  await client.connect();
  const table = `${keyspace}.timeline_heads_e1_g1`;
  const asked = { executionProfile: READ_MODELS, prepare: true };
  for (let each = 0; each < 40; each++) {
    const id = `g_${each}`;
    const owners = client.getReplicas(keyspace, Buffer.from(id))?.map(({ address }) => address);
    const insert = `INSERT INTO ${table} (conversation_id, meta) VALUES (?, ?) USING TIMESTAMP 1`;
    const answers = [
      await client.execute(`SELECT * FROM ${table} WHERE conversation_id = ?`, [id], asked),
      await client.execute(insert, [id, 1], asked),
      await client.batch(
        [1, 2].map((meta) => ({ query: insert, params: [id, meta] })),
        { ...asked, logged: false },
      ),
    ];
    expect(answers.map(({ info }) => owners?.includes(info.queriedHost))).toStrictEqual([true, true, true]);
  }
  await client.shutdown();
  await operator.execute(`DROP KEYSPACE ${keyspace}`, [], { readTimeout: 60_000 });
});

test('a node that cannot be reached is the world’s failure, and two ports are a mistake', async () => {
  const nobody = { ...cluster.options, contactPoints: ['127.0.0.1:1'] };
  await expect(openCassandra(nobody)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  const two = { ...cluster.options, contactPoints: ['127.0.0.1:9042', '127.0.0.2:9043'] };
  await expect(openCassandra(two)).rejects.toBeInstanceOf(RangeError);
});

import { allShards, position, shardOf, type ConversationId, type Shard } from '@parley/domain';
import { describeRecentHeads } from '@parley/projections/contracts';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import type { RecentHeads } from '@parley/projections';
import { connectRedis, createRecentHeads, type RedisConnection } from './index.ts';
import { startCountingWire } from './test-round-trips.ts';
import { startTestRedisCluster, startTestValkey, type TestRedisCluster, type TestValkey } from './test-servers.ts';

const world = createWorld();
const connect = async (...urls: readonly string[]): Promise<RedisConnection> =>
  connectRedis({ urls, isCluster: urls.length > 1, world, report: () => undefined });

/** A namespace of its own knows nothing. */
function opened(connection: RedisConnection, other: RedisConnection) {
  const namespace = `test-${uuidv7()}`;
  return {
    heads: createRecentHeads({ connection, world, logEpoch: 1, namespace }),
    others: createRecentHeads({ connection: other, world, logEpoch: 1, namespace }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describe('on one server', () => {
  let server: TestValkey;
  let connections: readonly [RedisConnection, RedisConnection];
  beforeAll(async () => {
    server = await startTestValkey();
    connections = [await connect(server.url), await connect(server.url)];
  });
  afterAll(async () => {
    for (const connection of connections) connection[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  describeRecentHeads('those on Valkey', async () => opened(...connections));
});

describe('on a Cluster of three', () => {
  let cluster: TestRedisCluster;
  let connections: readonly [RedisConnection, RedisConnection];
  beforeAll(async () => {
    cluster = await startTestRedisCluster();
    connections = [await connect(...cluster.urls), await connect(...cluster.urls)];
  });
  afterAll(async () => {
    for (const connection of connections) connection[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });
  describeRecentHeads('those on Valkey', async () => opened(...connections));
});

const shards = 64;
const many = Array.from({ length: 500 }, (_, index) => `g_${index}` as ConversationId);
const asked = Map.groupBy(many, (id) => shardOf(id, shards));
const here = 7 as Shard;
const ids = asked.get(here) ?? [];

async function foundOf(heads: RecentHeads): Promise<number> {
  return (await heads.find(asked)).values().reduce((sum, shard) => sum + shard.heads.size, 0);
}

async function fill(heads: RecentHeads): Promise<void> {
  const given = (shard: Shard) =>
    (asked.get(shard) ?? []).map((conversationId) => ({ conversationId, position: position(1), text: 'x' }));
  await Promise.all(
    allShards(shards).map((shard) => heads.follow(shard, { after: undefined, upTo: position(1), heads: given(shard) })),
  );
}

test('500 of 64 shards are found in one round trip, keys go by themselves, and a wipe leaves nothing known', async () => {
  await using server = await startTestValkey();
  await using wire = await startCountingWire(server.port);
  using connection = await connect(wire.url);
  const heads = createRecentHeads({ connection, world, logEpoch: 1 })(1);
  await fill(heads);
  const before = wire.roundTrips;
  expect(await foundOf(heads)).toBe(500);
  expect(wire.roundTrips - before).toBe(1);
  for (const key of await server.admin.keys('*')) expect(await server.admin.pttl(key)).toBeGreaterThan(0);
  expect(await foundOf(createRecentHeads({ connection, world, logEpoch: 2 })(1))).toBe(0);
  await server.admin.flushall();
  expect((await heads.find(asked)).size).toBe(0);
});

test('a server that is away or frozen is one failure, and for a moment is not asked again', async () => {
  await using server = await startTestValkey();
  using connection = await connect(server.url);
  const heads = createRecentHeads({ connection, world, logEpoch: 1 })(1);
  await fill(heads);
  server.signal('SIGSTOP');
  await expect(heads.find(asked)).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: expect.stringContaining('within'),
  });
  await expect(heads.find(asked)).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: expect.stringContaining('a moment ago'),
  });
  server.signal('SIGCONT');
  await expect.poll(() => foundOf(heads).catch(() => 0), { timeout: 20_000 }).toBe(500);
  await server.kill();
  await expect(heads.find(asked)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  await expect(heads.inspect(here, ids)).rejects.toMatchObject({ name: 'StoreUnavailable' });
});

test('what somebody else wrote under their names is not found, told when asked, and overwritten', async () => {
  await using server = await startTestValkey();
  using connection = await connect(server.url);
  const heads = createRecentHeads({ connection, world, logEpoch: 1 })(1);
  await fill(heads);
  const [garbage, list, empty, sound] = ids as [ConversationId, ConversationId, ConversationId, ConversationId];
  const keyOf = (id: ConversationId): string => `parley:head:{e1.g1.s${here}}:${id}`;
  await server.admin.set(keyOf(garbage), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
  await server.admin.del(keyOf(list));
  await server.admin.lpush(keyOf(list), 'a');
  await server.admin.set(keyOf(empty), '');
  const seen = (await heads.find(new Map([[here, ids]]))).get(here);
  expect(seen?.heads.keys().toArray()).toEqual(ids.slice(3));
  const told = await heads.inspect(here, ids);
  expect([garbage, list, empty, sound].map((id) => told.get(id)?.type)).toEqual([
    ...Array<string>(3).fill('unreadable'),
    'head',
  ]);
  const head = (conversationId: ConversationId) => ({ conversationId, position: position(2), text: 'y' });
  await heads.follow(here, { after: seen?.mark, upTo: position(2), heads: [garbage, list, empty].map(head) });
  expect((await heads.find(new Map([[here, ids]]))).get(here)?.heads.size).toBe(ids.length);

  await server.admin.del(`parley:head:{e1.g1.s${here}}`);
  await server.admin.lpush(`parley:head:{e1.g1.s${here}}`, 'a');
  expect((await heads.find(asked)).has(here)).toBe(false);
  await heads.offer(here, { era: 'x', upTo: position(9), heads: [head(garbage)] });
  await heads.follow(here, { after: seen?.mark, upTo: position(3), heads: [] });
  expect((await heads.find(asked)).get(here)?.heads.size).toBe(0);
});

import { position, type ConversationId } from '@parley/domain';
import { describeRecentHeads } from '@parley/projections/contracts';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
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
    heads: createRecentHeads({ connection, world, namespace }),
    others: createRecentHeads({ connection: other, world, namespace }),
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

test('a thousand are found in one round trip; after a wipe they are unknown, and a server that is away is one failure', async () => {
  await using server = await startTestValkey();
  await using wire = await startCountingWire(server.port);
  using connection = await connect(wire.url);
  const heads = createRecentHeads({ connection, world });
  const many = Array.from({ length: 1_000 }, (_, index) => `g_${index}` as ConversationId);
  await heads.raise(many.map((conversationId) => ({ conversationId, position: position(1), text: '' })));
  const before = wire.roundTrips;
  expect((await heads.find(many)).size).toBe(1_000);
  expect(wire.roundTrips - before).toBe(1);
  expect(await server.admin.pttl('parley:head:{g_7}')).toBeGreaterThan(0);
  await server.admin.flushall();
  expect((await heads.find(many)).size).toBe(0);
  await server.kill();
  await expect(heads.find(many)).rejects.toMatchObject({ name: 'StoreUnavailable' });
});

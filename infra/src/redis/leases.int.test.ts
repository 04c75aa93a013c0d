import { setTimeout as sleep } from 'node:timers/promises';
import { allShards } from '@parley/domain';
import type { Leases } from '@parley/projections';
import { describeLeases } from '@parley/projections/contracts';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { connectRedis, createLeases, type RedisConnection } from './index.ts';
import { startCountingWire } from './test-round-trips.ts';
import {
  startOrUseRedis,
  startTestRedisCluster,
  startTestValkey,
  type TestRedis,
  type TestRedisCluster,
} from './test-servers.ts';

const world = createWorld();
const shards = allShards(64);
const connect = async (url: string): Promise<RedisConnection> =>
  connectRedis({ urls: [url], world, report: () => undefined });

/** A namespace of its own has no leases. */
const opened = (connection: RedisConnection) => ({
  leases: createLeases({ connection, world, namespace: `test-${uuidv7()}` }),
  pass: sleep,
  [Symbol.asyncDispose]: async () => undefined,
});

describe('on one server', () => {
  let server: TestRedis;
  let connection: RedisConnection;
  beforeAll(async () => {
    server = await startOrUseRedis();
    connection = await connect(server.url);
  });
  afterAll(async () => {
    connection[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  describeLeases('those on Valkey', async () => opened(connection));
});

describe('on a Cluster of three', () => {
  let cluster: TestRedisCluster;
  let connection: RedisConnection;
  beforeAll(async () => {
    cluster = await startTestRedisCluster();
    connection = await connectRedis({ urls: cluster.urls, isCluster: true, world, report: () => undefined });
  });
  afterAll(async () => {
    connection[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });
  describeLeases('those on Valkey', async () => opened(connection));
});

async function claimAll(leases: Leases, worker = 'one'): Promise<number> {
  await leases.join('delivery', worker, 60_000);
  return (await leases.acquire('delivery', worker, { shards, countMax: 64, leaseMs: 60_000 })).length;
}

test('every call is one round trip, however many shards it is about', async () => {
  await using server = await startTestValkey();
  await using wire = await startCountingWire(server.port);
  using connection = await connect(wire.url);
  const leases = createLeases({ connection, world });
  const before = wire.roundTrips;
  await claimAll(leases);
  await leases.holders('delivery', shards);
  await leases.release('delivery', 'one', shards);
  await leases.leave('delivery', 'one');
  expect(wire.roundTrips - before).toBe(5);
});

test('every key expires by itself, by the clock of the server alone', async () => {
  await using server = await startTestValkey();
  using connection = await connect(server.url);
  await claimAll(createLeases({ connection, world }));
  const keys = await server.admin.keys('*');
  expect(keys).toHaveLength(65);
  for (const key of keys) {
    const leftMs = await server.admin.pttl(key);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  }
});

test('a server that lost its memory gives everything anew, and one that is away is one failure', async () => {
  await using server = await startTestValkey();
  using connection = await connect(server.url);
  const leases = createLeases({ connection, world });
  await claimAll(leases);
  expect(await claimAll(leases, 'two')).toBe(0);
  await server.admin.flushall();
  expect(await claimAll(leases, 'two')).toBe(64);
  await server.kill();
  const calls = [
    leases.join('delivery', 'one', 1),
    leases.acquire('delivery', 'one', { shards, countMax: 1, leaseMs: 1 }),
    leases.release('delivery', 'one', shards),
    leases.leave('delivery', 'one'),
    leases.holders('delivery', shards),
  ];
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'LeasesUnavailable' } });
  }
});

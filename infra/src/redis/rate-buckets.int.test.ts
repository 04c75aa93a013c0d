import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@parley/domain';
import { describeRateBuckets } from '@parley/domain/contracts';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { connectRedis, createRateBuckets, type RedisConnection } from './index.ts';
import { startTestRedisCluster, startTestValkey, type TestRedisCluster, type TestValkey } from './test-servers.ts';

const world = createWorld();
const ada = 'ada' as UserId;
const slow = { perSecond: 0.01, burst: 3 };

const connect = async (...urls: readonly string[]): Promise<RedisConnection> =>
  connectRedis({ urls, isCluster: urls.length > 1, world, report: () => undefined });

/** Where Redis is well, however busy the machine: nobody counts by themselves. */
const answerMsMax = 20_000;

/** A namespace of its own has full buckets. */
const opened = (connection: RedisConnection) => ({
  buckets: createRateBuckets({ connection, world, answerMsMax, namespace: `test-${uuidv7()}` }),
  pass: sleep,
  [Symbol.asyncDispose]: async () => undefined,
});

describe('on one server', () => {
  let server: TestValkey;
  let connection: RedisConnection;
  beforeAll(async () => {
    server = await startTestValkey();
    connection = await connect(server.url);
  });
  afterAll(async () => {
    connection[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  describeRateBuckets('those on Valkey', async () => opened(connection));

  test('are the same for two gateways, and their keys expire', async () => {
    using other = await connect(server.url);
    const gateways = [connection, other].map((each) => createRateBuckets({ connection: each, world, answerMsMax }));
    const waits: number[] = [];
    for (let times = 0; times < 4; times++) waits.push((await gateways[times % 2]?.take(ada, slow)) ?? -1);
    expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
    expect(waits[3]).toBeGreaterThan(0);
    expect(await server.admin.pttl('parley:rate:{ada}')).toBeGreaterThan(200_000);
    await server.admin.flushall();
    expect(await gateways[0]?.take(ada, slow)).toBe(0);
  });
});

describe('on a Cluster of three', () => {
  let cluster: TestRedisCluster;
  let connection: RedisConnection;
  beforeAll(async () => {
    cluster = await startTestRedisCluster();
    connection = await connect(...cluster.urls);
  });
  afterAll(async () => {
    connection[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });
  describeRateBuckets('those on Valkey', async () => opened(connection));
});

test.each(['killed', 'hanging'])(
  'a gateway counts by itself while Redis is %s, and shares again afterwards',
  async (how) => {
    await using server = await startTestValkey();
    using connection = await connect(server.url);
    const buckets = createRateBuckets({ connection, world });
    const takeFour = async () => [
      await buckets.take(ada, slow),
      await buckets.take(ada, slow),
      await buckets.take(ada, slow),
      (await buckets.take(ada, slow)) > 0,
    ];
    expect(await takeFour()).toEqual([0, 0, 0, true]);
    if (how === 'killed') await server.kill();
    else server.signal('SIGSTOP');
    expect(await takeFour()).toEqual([0, 0, 0, true]);
    if (how === 'killed') await server.start();
    else server.signal('SIGCONT');
    const isShared = async () => {
      await buckets.take('bob' as UserId, slow);
      return server.admin.exists('parley:rate:{bob}');
    };
    await expect.poll(isShared, { timeout: 20_000 }).toBe(1);
  },
);

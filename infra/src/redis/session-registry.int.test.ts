import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionRegistry } from '@parley/domain';
import { describeSessionRegistry, type OpenedRegistry } from '@parley/domain/contracts';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import type { RedisConnectOptions } from './client.ts';
import { openSessionRegistry } from './index.ts';
import { startOrUseRedis, startTestRedisCluster, type TestRedis, type TestRedisCluster } from './test-servers.ts';

describe('on one server', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startOrUseRedis();
  });
  afterAll(async () => server[Symbol.asyncDispose]());
  describeSessionRegistry('the one on Valkey', async () => openEmpty({ urls: [server.url] }));
});

describe('on a Cluster of three', () => {
  let cluster: TestRedisCluster;
  beforeAll(async () => {
    cluster = await startTestRedisCluster();
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());
  describeSessionRegistry('the one on Valkey', async () => openEmpty({ urls: cluster.urls, isCluster: true }));
});

/** A namespace of its own is an empty registry. */
async function openEmpty(options: RedisConnectOptions): Promise<OpenedRegistry> {
  const world = createWorld();
  const registry: SessionRegistry & Disposable = await openSessionRegistry({
    ...options,
    world,
    namespace: `test-${uuidv7()}`,
    report: () => undefined,
  });
  return { registry, world, pass: sleep, [Symbol.asyncDispose]: async () => registry[Symbol.dispose]() };
}

// What a fleet shares and may forget, in Redis or Valkey: sessions, gateways' leases, leases of shards, users' rates,
// conversations' newest heads.
export { createSessionRegistry, openSessionRegistry, type RedisSessionRegistryOptions } from './session-registry.ts';
export { connectRedis, type RedisConnection, type RedisOptions, type RedisReport } from './connection.ts';
export { inspectRedis, type RedisInspection } from './inspect.ts';
export { createLeases } from './leases.ts';
export { createRateBuckets } from './rate-buckets.ts';
export { createRecentHeads } from './recent-heads.ts';

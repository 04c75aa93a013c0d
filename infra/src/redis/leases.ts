// Leases of shards, for a fleet, in Redis or Valkey: a key with a time to live for each shard of a role that somebody works on,
// and the role's workers by the time until which they count. Only Redis's own clock counts (docs/adr/0008-leases.md).
import type { Shard, World } from '@parley/domain';
import { LeasesUnavailable, type Leases, type ShardClaim, type WorkerId } from '@parley/projections';
import { Calls } from './calls.ts';
import type { RedisConnection } from './connection.ts';

/** Workers whose time is over go; the set itself, when its last worker's is. */
const join = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
  return redis.call('ZCARD', KEYS[1])`;

/** Gives places in what was asked, from 1. */
const acquire = `
  local held = {}
  for place, key in ipairs(KEYS) do
    if #held == tonumber(ARGV[3]) then break end
    local holder = redis.call('GET', key)
    if not holder or holder == ARGV[1] then
      redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
      held[#held + 1] = place
    end
  end
  return held`;

const release = `
  for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
  end`;

export interface RedisPartOptions {
  readonly connection: RedisConnection;
  readonly world: Pick<World, 'schedule'>;
  /** The first part of all keys, for deployments that share a server. */
  readonly namespace?: string;
}

export function createLeases({
  connection: { client, answered },
  world,
  namespace = 'parley',
}: RedisPartOptions): Leases {
  const calls = new Calls(world, { failure: LeasesUnavailable, answered });
  // The braces make a Cluster keep a role's keys on one node, where one script sees all of them.
  const workersKey = (role: string): string => `${namespace}:lease:{${role}}:workers`;
  const keysOf = (role: string, shards: readonly Shard[]): string[] =>
    shards.map((shard) => `${namespace}:lease:{${role}}:${shard}`);

  async function heldOf(role: string, worker: WorkerId, { shards, countMax, leaseMs }: ShardClaim) {
    const terms = [worker, Math.ceil(leaseMs), countMax];
    const places = await client.eval(acquire, shards.length, ...keysOf(role, shards), ...terms);
    return shards.filter((_, index) => Array.isArray(places) && places.includes(index + 1));
  }

  return {
    join: (role, worker, leaseMs) =>
      calls.call(async () => Number(await client.eval(join, 1, workersKey(role), worker, Math.ceil(leaseMs)))),
    acquire: (role, worker, claim) => calls.call(() => heldOf(role, worker, claim)),
    async release(role, worker, shards) {
      await calls.call(() => client.eval(release, shards.length, ...keysOf(role, shards), worker));
    },
    async leave(role, worker) {
      await calls.call(() => client.zrem(workersKey(role), worker));
    },
    async holders(role, shards) {
      if (shards.length === 0) return new Map(); // MGET of nothing is an error
      const workers = await calls.call(() => client.mget(keysOf(role, shards)));
      const held = shards.map((shard, index) => [shard, workers[index] ?? undefined] as const);
      return new Map(held.flatMap(([shard, worker]) => (worker === undefined ? [] : [[shard, worker]])));
    },
  };
}

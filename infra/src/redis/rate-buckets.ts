// Users' rates, for all gateways of a fleet, in Redis or Valkey: a bucket is one number, the time at which it is full again, and a
// key that is gone then. Only Redis's own clock counts (docs/adr/0009-rate-buckets.md).
import type { Rate, RateBuckets, UserId, World } from '@parley/domain';
import { createRateBuckets as createOwnBuckets } from '../memory/index.ts';
import { Calls } from './calls.ts';
import type { RedisPartOptions } from './leases.ts';

const RATES = {
  /** A call of a user does not wait longer for Redis … */
  answerMsMax: 100,
  /** … and for so long after that it is not asked again. */
  pauseMs: 1_000,
} as const;

/** The same arithmetic as TokenBucket's, from the other end: what is missing in the bucket, in milliseconds. */
const take = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + time[2] / 1000
  local tokenMs, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
  local missingMs = math.max(0, tonumber(redis.call('GET', KEYS[1]) or now) - now) + tokenMs
  local waitMs = math.ceil(missingMs - burst * tokenMs)
  if waitMs > 0 then return waitMs end
  redis.call('SET', KEYS[1], string.format('%.3f', now + missingMs), 'PX', math.ceil(missingMs))
  return 0`;

export interface RedisRateBucketsOptions extends RedisPartOptions {
  readonly world: Pick<World, 'now' | 'schedule'>;
  readonly answerMsMax?: number;
}

export function createRateBuckets(options: RedisRateBucketsOptions): RateBuckets {
  const { connection, world, namespace = 'parley', answerMsMax = RATES.answerMsMax } = options;
  const calls = new Calls(world, { timeoutMs: answerMsMax, answered: connection.answered });
  const own = createOwnBuckets(world);
  let askAgainTs = 0;

  const takeShared = async (userId: UserId, { perSecond, burst }: Rate): Promise<number> =>
    Number(await connection.client.eval(take, 1, `${namespace}:rate:{${userId}}`, 1000 / perSecond, burst));

  return {
    async take(userId, rate) {
      if (world.now() < askAgainTs) return own.take(userId, rate);
      try {
        return await calls.call(() => takeShared(userId, rate));
      } catch {
        askAgainTs = world.now() + RATES.pauseMs; // the connection reports what is wrong
        return own.take(userId, rate);
      }
    },
  };
}

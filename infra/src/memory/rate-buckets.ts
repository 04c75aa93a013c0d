// Users' rates, for one process: all of a small deployment, and each gateway of a fleet while Redis is away.
import { TokenBucket, type RateBuckets, type UserId, type World } from '@parley/domain';
import { LRUCache } from 'lru-cache';

/** Who was forgotten has a full bucket again: only the idlest are. */
const usersMax = 20_000;

export function createRateBuckets(world: Pick<World, 'now'>): RateBuckets {
  const buckets = new LRUCache<UserId, TokenBucket>({ max: usersMax });
  return {
    async take(userId, rate) {
      const bucket = buckets.get(userId) ?? new TokenBucket(rate, world.now());
      buckets.set(userId, bucket);
      return bucket.take(world.now());
    },
  };
}

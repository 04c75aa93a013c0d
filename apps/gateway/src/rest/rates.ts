// How often one user may call, over all their devices: the same rate and burst as one session's frames.
import type { UserId, World } from '@parley/domain';
import { refusalToError, type WireLimits } from '@parley/protocol';
import { LRUCache } from 'lru-cache';
import type { HttpAnswer } from '../http.ts';
import { TokenBucket } from '../token-bucket.ts';
import { errorAnswer } from './answer.ts';

export interface Rates {
  /** The 429, when this call is one too many. */
  take(userId: UserId, requestId: string): HttpAnswer | undefined;
}

/** Who was forgotten has a full bucket again: only the idlest are. */
const usersMax = 20_000;

export function createRates(limits: Pick<WireLimits, 'framesPerSecondMax' | 'framesBurstMax'>, world: World): Rates {
  const rate = { perSecond: limits.framesPerSecondMax, burst: limits.framesBurstMax };
  const buckets = new LRUCache<UserId, TokenBucket>({ max: usersMax });

  return {
    take(userId, requestId) {
      const bucket = buckets.get(userId) ?? new TokenBucket(rate, world.now());
      buckets.set(userId, bucket);
      const waitMs = bucket.take(world.now());
      if (waitMs === 0) return undefined;
      const answer = errorAnswer(refusalToError({ type: 'RateLimited', retryAfterMs: waitMs }), requestId);
      return { ...answer, headers: { ...answer.headers, ...rateHeaders(rate.burst, waitMs) } };
    },
  };
}

/** draft-ietf-httpapi-ratelimit-headers-07, the form with three fields. */
const rateHeaders = (limit: number, waitMs: number): HttpAnswer['headers'] => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': '0',
  'ratelimit-reset': String(Math.ceil(waitMs / 1000)),
});

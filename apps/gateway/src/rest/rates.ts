// How often one user may call, over all their devices: the same rate and burst as one session's frames.
import type { RateBuckets, UserId } from '@parley/domain';
import { refusalToError, type WireLimits } from '@parley/protocol';
import type { HttpAnswer } from '../http.ts';
import { errorAnswer } from './answer.ts';

export interface Rates {
  /** The 429, when this call is one too many. */
  take(userId: UserId, requestId: string): Promise<HttpAnswer | undefined>;
}

export function createRates(
  limits: Pick<WireLimits, 'framesPerSecondMax' | 'framesBurstMax'>,
  buckets: RateBuckets,
): Rates {
  const rate = { perSecond: limits.framesPerSecondMax, burst: limits.framesBurstMax };

  return {
    async take(userId, requestId) {
      const waitMs = await buckets.take(userId, rate);
      if (waitMs === 0) return undefined;
      const answer = errorAnswer(refusalToError({ type: 'RateLimited', retryAfterMs: waitMs }), requestId);
      return { ...answer, headers: { ...answer.headers, ...rateHeaders(rate.burst, waitMs) } };
    },
  };
}

/** draft-ietf-httpapi-ratelimit-headers-07, the form with three fields; the reset is when `Retry-After` says. */
const rateHeaders = (limit: number, waitMs: number): HttpAnswer['headers'] => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': '0',
  'ratelimit-reset': String(Math.ceil(waitMs / 1000)),
});

import { describeRateBuckets } from '@parley/domain/contracts';
import { createRateBuckets } from './rate-buckets.ts';

describeRateBuckets('those in memory', async () => {
  let now = 1_000;
  return {
    buckets: createRateBuckets({ now: () => now }),
    pass: async (durationMs) => (now += durationMs),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

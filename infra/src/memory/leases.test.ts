import { describeLeases, type OpenedLeases } from '@parley/projections/contracts';
import { createLeases } from './leases.ts';

describeLeases('those in memory', async (): Promise<OpenedLeases> => {
  let now = 1_000;
  return {
    leases: createLeases({ now: () => now }),
    pass: async (durationMs) => (now += durationMs),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

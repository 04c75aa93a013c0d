import { ACCEPTANCE } from '@parley/domain';
import { createWorld } from '@parley/infra/runtime';
import { describe, expect, it } from 'vitest';
import { checkClock } from './clock-check.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const limit = ACCEPTANCE.clockSkewMsMax;

const reasonAt = async (skewMs: () => Promise<number>): Promise<string | undefined> => {
  using check = await checkClock({ skewMs, world: createWorld(), logger: silent });
  return check.notReady();
};

describe('a gateway whose clock is', () => {
  it.each([0, limit, -limit])('%i ms off the log takes work', async (skew) => {
    expect(await reasonAt(async () => skew)).toBeUndefined();
  });

  it.each([limit + 1, -limit - 1])('%i ms off the log is not ready, and says by how much', async (skew) => {
    expect(await reasonAt(async () => skew)).toContain(`${skew} ms`);
  });

  it('not known, because the log cannot be asked, takes work', async () => {
    expect(await reasonAt(() => Promise.reject(new Error('away')))).toBeUndefined();
  });
});

// What users' rate buckets do (`rates.ts`), as tests: run by the adapter in memory and by the one on Redis.
import { describe, expect, test } from 'vitest';
import type { UserId } from './ids.ts';
import type { RateBuckets } from './rates.ts';

export interface OpenedRateBuckets extends AsyncDisposable {
  /** All full. */
  readonly buckets: RateBuckets;
  /** Resolves when that much time has passed, for buckets too. */
  readonly pass: (durationMs: number) => Promise<unknown>;
}

type Open = () => Promise<OpenedRateBuckets>;

const [ada, bob] = ['ada' as UserId, 'bob' as UserId];
/** A token takes so long that none comes while a test runs. */
const slow = { perSecond: 0.01, burst: 3 };
const slowTokenMs = 100_000;
const quick = { perSecond: 1, burst: 2 };

export function describeRateBuckets(name: string, open: Open): void {
  describe(`${name}, as rate buckets`, () => {
    test('give a burst at once, then say how long to wait, which asking does not lengthen', async () => {
      await using opened = await open();
      const takes = async (): Promise<number> => opened.buckets.take(ada, slow);
      expect([await takes(), await takes(), await takes()]).toEqual([0, 0, 0]);
      const first = await takes();
      expect(first).toBeGreaterThan(slowTokenMs / 2);
      expect(first).toBeLessThanOrEqual(slowTokenMs);
      for (let times = 0; times < 5; times++) expect(await takes()).toBeLessThanOrEqual(first);
    });

    test('are one for each user', async () => {
      await using opened = await open();
      const others = [bob, '__proto__' as UserId, 'x'.repeat(64) as UserId];
      for (let times = 0; times < slow.burst; times++) await opened.buckets.take(ada, slow);
      expect(await opened.buckets.take(ada, slow)).toBeGreaterThan(0);
      for (const userId of others) expect(await opened.buckets.take(userId, slow)).toBe(0);
    });

    test('give a token after the wait they said, and no sooner', async () => {
      await using opened = await open();
      for (let times = 0; times < quick.burst; times++) await opened.buckets.take(ada, quick);
      const waitMs = await opened.buckets.take(ada, quick);
      expect(waitMs).toBeGreaterThan(0);
      expect(Number.isInteger(waitMs)).toBe(true);
      await opened.pass(waitMs / 2);
      expect(await opened.buckets.take(ada, quick)).toBeGreaterThan(0);
      await opened.pass(waitMs / 2 + 1);
      expect(await opened.buckets.take(ada, quick)).toBe(0);
      expect(await opened.buckets.take(ada, quick)).toBeGreaterThan(0);
    });

    test('never hold more than their burst', async () => {
      await using opened = await open();
      await opened.buckets.take(ada, quick);
      await opened.pass(4_000);
      const taken = [await opened.buckets.take(ada, quick), await opened.buckets.take(ada, quick)];
      expect(taken).toEqual([0, 0]);
      expect(await opened.buckets.take(ada, quick)).toBeGreaterThan(0);
    });

    test('are exact when many ask at once', async () => {
      await using opened = await open();
      const rate = { ...slow, burst: 20 };
      const taken = await Promise.all(Array.from({ length: 100 }, async () => opened.buckets.take(ada, rate)));
      expect(taken.filter((waitMs) => waitMs === 0)).toHaveLength(20);
    });
  });
}

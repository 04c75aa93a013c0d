import { expect, it } from 'vitest';
import { TokenBucket } from './rates.ts';

const rate = { perSecond: 50, burst: 3 };

it('gives its burst at once, then says how long to wait, to the millisecond', () => {
  const bucket = new TokenBucket(rate, 1_000);
  expect([1, 2, 3].map(() => bucket.take(1_000))).toEqual([0, 0, 0]);
  expect(bucket.take(1_000)).toBe(20);
  expect(bucket.take(1_019)).toBe(1);
  expect(bucket.take(1_020)).toBe(0);
  expect(bucket.take(1_020)).toBe(20);
});

it('never holds more than its burst, and loses nothing when the clock steps back', () => {
  const bucket = new TokenBucket(rate, 1_000);
  expect([1, 2, 3].map(() => bucket.take(999_000))).toEqual([0, 0, 0]);
  expect(bucket.take(999_000)).toBe(20);
  expect(bucket.take(998_000)).toBe(20);
  expect(bucket.take(998_020)).toBe(0);
});

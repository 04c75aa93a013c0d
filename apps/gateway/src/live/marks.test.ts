import type { DeliveryBatch, Position, Shard } from '@parley/domain';
import { expect, it } from 'vitest';
import { Marks } from './marks.ts';

const batch = (shard: number, after: number, last: number): DeliveryBatch => ({
  shard: shard as Shard,
  epoch: 1,
  after: after as Position,
  last: last as Position,
  deliveries: [],
});

it('is complete with a mark for every shard', () => {
  const marks = new Marks(2);
  expect(marks.isComplete).toBe(false);
  marks.take(batch(1, 0, 0));
  expect(marks.isComplete).toBe(false);
  marks.take(batch(0, 7, 9));
  expect(marks.isComplete).toBe(true);
});

it.each([
  [5, 6, 'next'],
  [3, 6, 'next'], // a new worker overlaps
  [5, 5, 'repeat'],
  [3, 4, 'repeat'],
  [6, 7, 'hole'],
  [6, 6, 'hole'],
] as const)('after a mark at 5, a batch from %i to %i is %s', (after, last, verdict) => {
  const marks = new Marks(1);
  expect(marks.take(batch(0, 2, 5))).toBe('first');
  expect(marks.take(batch(0, after, last))).toBe(verdict);
  expect(marks.at(batch(0, 0, 0))).toBe(Math.max(5, last));
});

it('keeps shards apart', () => {
  const marks = new Marks(2);
  marks.take(batch(0, 0, 5));
  expect(marks.take(batch(1, 2, 3))).toBe('first');
  expect(marks.take(batch(0, 5, 6))).toBe('next');
});

import type { DeliveryBatch, Position, Shard } from '@parley/domain';
import fc from 'fast-check';
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

it('takes every event once and in order, without a hole, from two workers of a shard that come and go', () => {
  const step = fc.record({ worker: fc.nat(1), size: fc.integer({ min: 0, max: 4 }), isAnew: fc.boolean() });
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const marks = new Marks(1);
    const taken: number[] = [];
    const cameTo = [0, 0];
    let checkpoint = 0;
    for (const { worker, size, isAnew } of steps) {
      // A worker begins at a checkpoint that the gateway had heard of, or goes on where it was, however long ago.
      const after = isAnew ? checkpoint : (cameTo[worker] ?? 0);
      const last = (cameTo[worker] = after + size);
      const mark = marks.at(batch(0, 0, 0)) ?? 0;
      expect(marks.take(batch(0, after, last))).not.toBe('hole');
      for (let position = after + 1; position <= last; position++) if (position > mark) taken.push(position);
      checkpoint = Math.max(checkpoint, last);
    }
    expect(taken).toEqual(taken.map((_, index) => index + 1));
    expect(taken).toHaveLength(checkpoint);
  });
  fc.assert(property);
});

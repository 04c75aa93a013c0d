// Which generations there are, which are folded, which one answers.
import { describe, expect, it } from 'vitest';
import {
  followingNumbers,
  servingNumber,
  withBuilding,
  withState,
  without,
  withServing,
  withVersion,
} from './generations.ts';

const first = withVersion(undefined, 1, 10);

describe('the generations of a projection', () => {
  it('begin with one that workers fold and that serves', () => {
    expect(first).toStrictEqual({
      serving: 1,
      last: 1,
      generations: [{ number: 1, version: 1, state: 'following', createdTs: 10 }],
    });
    expect(servingNumber(undefined, 1)).toBe(servingNumber(first, 1));
    expect(followingNumbers(undefined, 1)).toStrictEqual(followingNumbers(first, 1));
  });

  it('are built one at a time, so that an interrupted rebuild goes on', () => {
    const building = withBuilding(first, 1, 20);
    expect(withBuilding(building, 1, 30)).toBe(building);
    expect(followingNumbers(building, 1)).toStrictEqual([1]);
  });

  it('serve only once workers follow them', () => {
    const building = withBuilding(first, 1, 20);
    expect(() => withServing(building, 2)).toThrow('still being built');
    const following = withState(building, 2, 'following');
    expect(followingNumbers(following, 1)).toStrictEqual([1, 2]);
    expect(servingNumber(following, 1)).toBe(1);
    expect(servingNumber(withServing(following, 2), 1)).toBe(2);
    expect(servingNumber(withServing(withServing(following, 2), 1), 1)).toBe(1);
  });

  it('go only when they do not serve, and their numbers are never used again', () => {
    const two = withState(withBuilding(first, 1, 20), 2, 'following');
    expect(() => without(two, 1)).toThrow('serves');
    expect(() => without(two, 7)).toThrow('no generation 7, only 1, 2');
    const one = without(two, 2);
    expect(followingNumbers(one, 1)).toStrictEqual([1]);
    expect(withBuilding(one, 1, 30).generations.at(-1)?.number).toBe(3);
  });

  it('of another version are for the builds of that version', () => {
    const both = withVersion(first, 2, 20);
    expect(both.serving).toBe(1);
    expect([servingNumber(both, 1), servingNumber(both, 2)]).toStrictEqual([1, 2]);
    expect([followingNumbers(both, 1), followingNumbers(both, 2)]).toStrictEqual([[1], [2]]);
    expect(withVersion(both, 2, 30)).toBe(both);
    expect(servingNumber(withServing(both, 2), 1)).toBe(1);
    expect(() => servingNumber(both, 3)).toThrow('no generation is of version 3');
  });
});

import { seeded } from '@parley/proof';
import { expect, test } from 'vitest';
import { planCuts } from './cuts.ts';
import { toScript, type RoomScript } from './script.ts';

/** Everybody says one thing, one after the other. */
const roomOf = (users: number): RoomScript => {
  const lines = Array.from({ length: users }, (_, n) => ({
    room: 'a',
    n,
    minute: n,
    user: `user ${n}`,
    text: 'hello',
  }));
  return toScript('a', lines, users);
};

test('half of everybody is cut, one to three times, and away for a while', () => {
  const cuts = planCuts([roomOf(100)], seeded(1));
  const times = [...Map.groupBy(cuts, ({ nick }) => nick).values()].map(({ length }) => length);
  expect(times.length).toBe(50);
  expect(new Set(times)).toEqual(new Set([1, 2, 3]));
  expect(cuts.every(({ awayMs }) => awayMs >= 0 && awayMs < 1_500)).toBe(true);
});

test('nobody is cut before coming, nor after the end', () => {
  for (const { nick, atMessage } of planCuts([roomOf(100)], seeded(2))) {
    expect(atMessage).toBeGreaterThanOrEqual(Number(nick.split(' ')[1]) - 1);
    expect(atMessage).toBeLessThan(100);
  }
});

test('a seed gives the same cuts again, another one others, in the order of their moments', () => {
  const cuts = planCuts([roomOf(40), roomOf(20)], seeded(3));
  expect(planCuts([roomOf(40), roomOf(20)], seeded(3))).toEqual(cuts);
  expect(planCuts([roomOf(40), roomOf(20)], seeded(4))).not.toEqual(cuts);
  expect(cuts.map(({ atMessage }) => atMessage)).toEqual(
    cuts.map(({ atMessage }) => atMessage).toSorted((a, b) => a - b),
  );
});

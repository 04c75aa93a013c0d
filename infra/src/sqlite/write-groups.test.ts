import { expect, test } from 'vitest';
import type { WriteStep } from './requests.ts';
import { createWriteGroups } from './write-groups.ts';

const step = (sql: string, ...values: number[]): WriteStep => ({ sql, rows: values.map((value) => [value]) });

test('the first write of a quiet time is committed at once, those soon after it together', async () => {
  const { groups, commits, passTime } = opened();
  const first = groups.write([step('a', 1)]);
  const others = [groups.write([step('a', 2), step('b', 2)]), groups.write([step('a', 3), step('b')])];
  await first;
  expect(commits).toEqual([[step('a', 1)]]);
  passTime();
  await Promise.all(others);
  expect(commits.slice(1)).toEqual([[step('a', 2, 3), step('b', 2)]]);
  passTime();
  await groups.write([step('a', 4)]);
  expect(commits).toHaveLength(3);
});

test('whoever is refused is refused alone', async () => {
  const { groups, commits, passTime } = opened((steps) => steps.some(({ sql }) => sql === 'bad'));
  await groups.write([step('a', 1)]);
  const good = groups.write([step('a', 2)]);
  const bad = groups.write([step('bad', 2)]);
  passTime();
  await good;
  await expect(bad).rejects.toThrow('refused');
  expect(commits).toEqual([[step('a', 1)], [step('a', 2)]]);
});

test('settling commits what waits, now', async () => {
  const { groups, commits } = opened();
  await groups.write([step('a', 1)]);
  const waiting = groups.write([step('a', 2)]);
  await groups.settled();
  await waiting;
  expect(commits).toHaveLength(2);
});

function opened(isRefused: (steps: readonly WriteStep[]) => boolean = () => false) {
  const commits: (readonly WriteStep[])[] = [];
  let due: (() => void)[] = [];
  const commit = async (steps: readonly WriteStep[]): Promise<void> => {
    if (isRefused(steps)) throw new Error('refused');
    commits.push(steps);
  };
  const schedule = (_delayMs: number, task: () => void): Disposable => {
    due.push(task);
    return { [Symbol.dispose]: () => undefined };
  };
  return {
    groups: createWriteGroups(commit, { schedule }),
    commits,
    passTime: () => {
      const now = due;
      due = [];
      for (const task of now) task();
    },
  };
}

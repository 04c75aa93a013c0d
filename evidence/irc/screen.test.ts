import { expect, test } from 'vitest';
import { tellProgress } from './screen.ts';

const progress = { said: 500, total: 2_000, connected: 12, cuts: 3, kills: 0 };

test('progress has the rate so far and the time that is left at this rate', () => {
  expect(tellProgress(progress, 10_000)).toBe('500 of 2,000 messages, 50/s, 30 s left, 12 connected, 3 cuts');
});

test('before the first message nobody knows how long it will take', () => {
  expect(tellProgress({ ...progress, said: 0, kills: 1 }, 1_000)).toBe(
    '0 of 2,000 messages, 0/s, ? s left, 12 connected, 3 cuts, killed and started again',
  );
});

import { expect, test } from 'vitest';
import { coalesce } from './coalesce.ts';

interface Asked {
  readonly key: string;
  readonly answer: (value: number) => void;
  readonly fail: (error: Error) => void;
}

function setUp(): { ask: (key: string) => Promise<number>; asked: Asked[]; settle: () => Promise<void> } {
  const asked: Asked[] = [];
  const ask = coalesce((key: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    asked.push({ key, answer: resolve, fail: reject });
    return promise;
  });
  return { ask, asked, settle: () => new Promise((resolve) => setImmediate(resolve)) };
}

test('calls made before a request leaves share it', async () => {
  const { ask, asked, settle } = setUp();
  const answers = Promise.all([ask('a'), ask('a'), ask('a')]);
  await settle();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(7);
  expect(await answers).toEqual([7, 7, 7]);
});

test('a call made while a request is under way waits for the next one, which all such calls share', async () => {
  const { ask, asked, settle } = setUp();
  const first = ask('a');
  await settle();
  const later = [ask('a'), ask('a')];
  await settle();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(1);
  expect(await first).toBe(1);
  await settle();
  expect(asked).toHaveLength(2);
  asked[1]?.answer(2);
  expect(await Promise.all(later)).toEqual([2, 2]);
});

test('a failure is told to those who shared it, and to nobody after them', async () => {
  const { ask, asked, settle } = setUp();
  const first = ask('a');
  await settle();
  const second = ask('a');
  asked[0]?.fail(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await settle();
  asked[1]?.answer(2);
  expect(await second).toBe(2);
});

test('keys do not wait for one another', async () => {
  const { ask, asked, settle } = setUp();
  const answers = Promise.all([ask('a'), ask('b')]);
  await settle();
  expect(asked.map(({ key }) => key)).toEqual(['a', 'b']);
  for (const { answer } of asked) answer(1);
  expect(await answers).toEqual([1, 1]);
});

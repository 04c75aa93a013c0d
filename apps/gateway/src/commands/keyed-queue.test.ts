import { describe, expect, it } from 'vitest';
import { createKeyedQueue } from './keyed-queue.ts';

/** Work that ends when it is told to. */
function work<Result>() {
  const end = Promise.withResolvers<Result>();
  let begun = false;
  const run = (): Promise<Result> => {
    begun = true;
    return end.promise;
  };
  return { run, end, isBegun: () => begun };
}

/** For a queue that is not full. */
async function taken<Result>(result: Promise<Result> | undefined): Promise<Result> {
  if (result === undefined) throw new Error('the queue is full');
  return result;
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('work with one key', () => {
  it('runs one at a time, in call order, each with its own result', async () => {
    const queue = createKeyedQueue(10);
    const works = [work<number>(), work<number>(), work<number>()];
    const results = works.map(({ run }) => taken(queue.run('a', run)));
    for (const [index, { end }] of works.entries()) {
      await settled();
      expect(works.map(({ isBegun }) => isBegun())).toEqual(works.map((_, other) => other <= index));
      end.resolve(index);
    }
    expect(await Promise.all(results)).toEqual([0, 1, 2]);
  });

  it('begins at once where none is before it', async () => {
    const one = work<string>();
    const running = createKeyedQueue(1).run('a', one.run);
    expect(one.isBegun()).toBe(true);
    one.end.resolve('done');
    expect(await running).toBe('done');
  });

  it('goes on after one that failed, and only its caller hears of it', async () => {
    const queue = createKeyedQueue(10);
    const failing = queue.run('a', () => Promise.reject(new Error('broken')));
    const next = queue.run('a', async () => 'fine');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
  });

  it('does not wait for work with another key', async () => {
    const queue = createKeyedQueue(10);
    const one = work<string>();
    const running = queue.run('a', one.run);
    expect(await queue.run('b', async () => 'done')).toBe('done');
    one.end.resolve('done, too');
    expect(await running).toBe('done, too');
  });
});

describe('a full queue', () => {
  it('begins nothing more, and takes work again when some has ended', async () => {
    const queue = createKeyedQueue(2);
    const [first, second, third] = [work<string>(), work<string>(), work<string>()];
    const running = queue.run('a', first.run);
    const alsoRunning = queue.run('b', second.run);
    expect(queue.size).toBe(2);
    expect(queue.run('c', third.run)).toBeUndefined();
    expect(third.isBegun()).toBe(false);
    first.end.resolve('done');
    await running;
    await settled();
    expect(queue.size).toBe(1);
    third.end.resolve('done');
    expect(await queue.run('c', third.run)).toBe('done');
    second.end.resolve('done');
    await alsoRunning;
  });

  it('is empty again when all has ended, failed or not', async () => {
    const queue = createKeyedQueue(9);
    const all = [
      taken(queue.run('a', async () => 1)),
      taken(queue.run('a', () => Promise.reject(new Error('broken')))),
      taken(queue.run('b', async () => 2)),
    ];
    await Promise.allSettled(all);
    await settled();
    expect(queue.size).toBe(0);
  });

  it('is not filled for ever by work that throws before it begins', async () => {
    const queue = createKeyedQueue(1);
    const broken = (): Promise<never> => {
      throw new Error('at once');
    };
    await expect(async () => queue.run('a', broken)).rejects.toThrow('at once');
    await settled();
    expect(queue.size).toBe(0);
    expect(await queue.run('a', async () => 'fine')).toBe('fine');
  });
});

import { describe, expect, it } from 'vitest';
import { createKeyedQueue, SHORT_QUEUE } from './keyed-queue.ts';

const now = (): number => 0;

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
    const queue = createKeyedQueue({ sizeMax: 10, now });
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
    const running = createKeyedQueue({ sizeMax: 1, now }).run('a', one.run);
    expect(one.isBegun()).toBe(true);
    one.end.resolve('done');
    expect(await running).toBe('done');
  });

  it('goes on after one that failed, and only its caller hears of it', async () => {
    const queue = createKeyedQueue({ sizeMax: 10, now });
    const failing = queue.run('a', () => Promise.reject(new Error('broken')));
    const next = queue.run('a', async () => 'fine');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
  });

  it('does not wait for work with another key', async () => {
    const queue = createKeyedQueue({ sizeMax: 10, now });
    const one = work<string>();
    const running = queue.run('a', one.run);
    expect(await queue.run('b', async () => 'done')).toBe('done');
    one.end.resolve('done, too');
    expect(await running).toBe('done, too');
  });
});

describe('a full queue', () => {
  it('begins nothing more, and takes work again when some has ended', async () => {
    const queue = createKeyedQueue({ sizeMax: 2, now });
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
    const queue = createKeyedQueue({ sizeMax: 9, now });
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
    const queue = createKeyedQueue({ sizeMax: 1, now });
    const broken = (): Promise<never> => {
      throw new Error('at once');
    };
    await expect(async () => queue.run('a', broken)).rejects.toThrow('at once');
    await settled();
    expect(queue.size).toBe(0);
    expect(await queue.run('a', async () => 'fine')).toBe('fine');
  });
});

describe('a slow queue', () => {
  const opened = () => {
    let ts = 0;
    const queue = createKeyedQueue({ sizeMax: 10_000, waitMsMax: 1_000, now: () => ts });
    const fill = (count: number) =>
      Array.from({ length: count }, (_, nth) => {
        const one = work<string>();
        return { one, result: queue.run(`${ts} ${nth}`, one.run) };
      });
    const pass = async (ms: number, ended: ReturnType<typeof fill>): Promise<void> => {
      ts += ms;
      for (const { one } of ended) one.end.resolve('done');
      await Promise.all(ended.flatMap(({ result }) => result ?? []));
    };
    return { queue, fill, pass };
  };

  it('takes what comes however long it is, as long as it is quick', async () => {
    const { fill, pass } = opened();
    await pass(900, fill(SHORT_QUEUE * 2));
    expect(fill(SHORT_QUEUE * 2).every(({ result }) => result !== undefined)).toBe(true);
  });

  it('takes no more than a short one would hold, and all again once it is quick', async () => {
    const { queue, fill, pass } = opened();
    await pass(3_000, fill(SHORT_QUEUE));
    const waiting = fill(SHORT_QUEUE + 1);
    expect(waiting.findIndex(({ result }) => result === undefined)).toBe(SHORT_QUEUE);
    await pass(10, waiting.slice(0, SHORT_QUEUE));
    expect(queue.size).toBe(0);
    expect(fill(SHORT_QUEUE + 1).every(({ result }) => result !== undefined)).toBe(true);
  });
});

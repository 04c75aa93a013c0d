import { LogGap, LogUnavailable, type Shard } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, createTestLog, createTestWorld, said, type TestLogOptions } from '@parley/domain/testing';
import { createTail, TAIL } from './tail.ts';

const shard = 0 as Shard;

function createTailOf(events: number, options: TestLogOptions = {}) {
  const log = createTestLog(options);
  const world = createTestWorld();
  const grow = (more: number): void => {
    for (let i = 0; i < more; i++) log.put(said('x'));
  };
  grow(events);
  const tail = createTail(log, world);
  const between = async (after: number, upTo: number): Promise<readonly number[]> =>
    (await tail.between(shard, at(after), at(upTo))).map(({ position }) => position);
  const reads = (): number => log.calls.filter((call) => call === 'read').length;
  return { world, grow, between, reads };
}

const positions = (after: number, upTo: number): number[] =>
  Array.from({ length: upTo - after }, (_, index) => after + index + 1);

describe('the tail of a shard', () => {
  it('gives the events after one position up to another', async () => {
    expect(await createTailOf(9, { stepMax: () => 2 }).between(3, 7)).toEqual([4, 5, 6, 7]);
  });

  it('gives nothing, and reads nothing, where there is nothing between', async () => {
    const { between, reads } = createTailOf(9);
    expect(await between(5, 5)).toEqual([]);
    expect(await between(7, 5)).toEqual([]);
    expect(reads()).toBe(0);
  });

  it('is read once for all who wait for it', async () => {
    const { between, reads } = createTailOf(9);
    const first = between(2, 4);
    const others = [between(1, 5), between(3, 9), between(5, 6)];
    expect(await first).toEqual([3, 4]);
    expect(await Promise.all(others)).toEqual([positions(1, 5), positions(3, 9), [6]]);
    expect(reads()).toBe(2);
  });

  it('is not read again for what it holds', async () => {
    const { between, reads } = createTailOf(9);
    await between(2, 8);
    expect(await between(3, 8)).toEqual(positions(3, 8));
    expect(await between(2, 5)).toEqual([3, 4, 5]);
    expect(reads()).toBe(1);
  });

  it('slides: reads only what is new, and lets go of what nobody asks for any more', async () => {
    const { between, grow, reads } = createTailOf(5);
    await between(0, 5);
    grow(5);
    expect(await between(4, 10)).toEqual(positions(4, 10));
    expect(reads()).toBe(2);
    await between(4, 10); // still there
    expect(reads()).toBe(2);
    expect(await between(1, 3)).toEqual([2, 3]); // let go of, so read again
    expect(reads()).toBe(3);
  });

  it('begins anew behind a hole in what it holds', async () => {
    const { between, grow } = createTailOf(3);
    await between(0, 3);
    grow(10);
    expect(await between(8, 12)).toEqual(positions(8, 12));
    expect(await between(2, 9)).toEqual(positions(2, 9));
  });

  it('is unavailable where it is too long, and not read', async () => {
    const { between, reads } = createTailOf(0);
    await expect(between(10, 10 + TAIL.eventsMax + 1)).rejects.toMatchObject({ name: 'LogUnavailable' });
    expect(reads()).toBe(0);
  });

  it('may be as long as the limit says', async () => {
    const { between } = createTailOf(TAIL.eventsMax);
    expect(await between(0, TAIL.eventsMax)).toHaveLength(TAIL.eventsMax);
  });

  it('is unavailable when the log does not give it in time', async () => {
    const { between, world } = createTailOf(2);
    const asked = between(0, 3);
    await new Promise((resolve) => void setImmediate(resolve));
    world.advance(TAIL.readMsMax);
    await expect(asked).rejects.toMatchObject({ name: 'LogUnavailable' });
  });

  it('fails only those who waited for the failed read', async () => {
    let isDown = true;
    const { between } = createTailOf(5, {
      before: () => {
        if (!isDown) return;
        isDown = false;
        throw new Error('down');
      },
    });
    const [first, second] = [between(0, 2), between(1, 5)];
    await expect(first).rejects.toThrow('down');
    expect(await second).toEqual(positions(1, 5));
  });

  it('says so when the log has a hole', async () => {
    const { between } = createTailOf(0);
    const failure = between(4, 5).catch((error: unknown) => error);
    expect(await failure).toBeInstanceOf(LogUnavailable);
    expect(await failure).toHaveProperty('cause', expect.any(LogGap));
  });

  it('gives everybody what they asked for, whoever asks for what when', async () => {
    const range = fc.tuple(fc.nat(12), fc.nat(12));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(range, { maxLength: 10 }), async (s, ranges) => {
        const { between } = createTailOf(12, { stepMax: () => 3, before: () => s.schedule(Promise.resolve(), 'read') });
        const asked = ranges.map(async ([after, upTo], index) => {
          await s.schedule(Promise.resolve(), 'ask');
          expect(await between(after, upTo)).toEqual(upTo > after ? positions(after, upTo) : []);
          const [next = 0] = ranges[index + 1] ?? [];
          expect(await between(next, 12)).toEqual(positions(next, 12));
        });
        await s.waitFor(Promise.all(asked));
      }),
    );
  });
});

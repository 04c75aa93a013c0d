import { parseClientMessageId, uuidV7TimestampMs } from '@parley/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorld } from './world.ts';

describe('what this machine schedules', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('runs once and when it is due', () => {
    const task = vi.fn<() => void>();
    createWorld().schedule(100, task);
    vi.advanceTimersByTime(99);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('does not run any more once disposed', () => {
    const task = vi.fn<() => void>();
    createWorld().schedule(100, task)[Symbol.dispose]();
    vi.advanceTimersByTime(1_000);
    expect(task).not.toHaveBeenCalled();
  });

  it('tells the time of the clock', () => {
    vi.setSystemTime(1_234_567);
    expect(createWorld().now()).toBe(1_234_567);
  });
});

describe('a sleeper', () => {
  const forever = 2 ** 30;

  it('wakes when the signal aborts, without an error', async () => {
    const stop = new AbortController();
    const sleeping = createWorld().sleep(forever, stop.signal);
    stop.abort(new Error('for a reason'));
    await expect(sleeping).resolves.toBeUndefined();
  });

  it('does not fall asleep when the signal had aborted before', async () => {
    await expect(createWorld().sleep(forever, AbortSignal.abort())).resolves.toBeUndefined();
  });

  it('wakes by itself', async () => {
    await expect(createWorld().sleep(0)).resolves.toBeUndefined();
  });
});

describe('what this machine makes up', () => {
  it('are numbers from 0 up to, not including, 1', () => {
    const world = createWorld();
    const dice = Array.from({ length: 100 }, () => world.random());
    expect(dice.every((one) => one >= 0 && one < 1)).toBe(true);
    expect(new Set(dice).size).toBeGreaterThan(1);
  });

  it('are version 7 UUIDs of now, rising, none twice', () => {
    const world = createWorld();
    const before = world.now();
    const ids = Array.from({ length: 100 }, () => world.uuid());
    expect(ids).toEqual([...new Set(ids)].toSorted());
    for (const id of ids) {
      const parsed = parseClientMessageId(id);
      expect(parsed).toBe(id);
      expect(parsed && uuidV7TimestampMs(parsed)).toBeGreaterThanOrEqual(before);
    }
  });
});

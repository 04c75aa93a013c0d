import { position, type Shard, type UserId } from '@parley/domain';
import { createTestLog, startTs } from '@parley/domain/testing';
import { describe, expect, it } from 'vitest';
import { parseMoment, parseTime, positionBefore } from './moment.ts';
import { WrongUsage } from './operate.ts';

const shard = 0 as Shard;
const left = { type: 'conversation.member_left', userId: 'ada' as UserId } as const;

describe('moments', () => {
  it('takes a whole number for a position, and everything else for a time', () => {
    expect(parseMoment('12', startTs)).toEqual({ type: 'position', position: 12 });
    expect(parseMoment('2026-11-22T09:00:00Z', startTs)).toEqual({ type: 'time', ts: 1_795_338_000_000 });
    expect(parseMoment('15m', startTs)).toEqual({ type: 'time', ts: startTs - 900_000 });
  });

  it.each(['', 'yesterday', '15', '-3d', '2026-99-99', '1e3'])('refuses "%s" as a time', (text) => {
    expect(() => parseTime(text, startTs)).toThrow(WrongUsage);
  });

  it.each([0, 1, 2, 3, 8, 9, 10])('finds the position before all that was stored from second %i on', async (second) => {
    const log = createTestLog();
    for (let at = 1; at <= 9; at++) log.put(left, { storedTs: startTs + at * 1_000 });
    const found = await positionBefore(log, shard, startTs + second * 1_000);
    expect(found).toBe(Math.max(0, Math.min(9, second - 1)));
  });

  it('finds it also where events were erased', async () => {
    const log = createTestLog();
    for (let at = 1; at <= 9; at++) log.put(left, { storedTs: startTs + at * 1_000 });
    const erased = new Set([4, 5, 6, 9]);
    const holed = {
      ...log,
      readOne: async (of: Shard, at: number) => (erased.has(at) ? undefined : log.readOne(of, position(at))),
    };
    for (const second of [4, 5, 6])
      expect([3, 4, 5, 6]).toContain(await positionBefore(holed, shard, startTs + second * 1_000));
    expect(await positionBefore(holed, shard, startTs + 8_000)).toBe(7);
    expect(await positionBefore(holed, shard, startTs + 2_000)).toBe(1);
  });
});

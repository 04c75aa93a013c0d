import fc from 'fast-check';
import { expect, test } from 'vitest';
import { givingWay } from './giving-way.ts';
import type { UserId } from './ids.ts';
import type { ArrivedSession } from './routing.ts';

const session = (sessionId: string, arrivedTs: number, kind: Partial<ArrivedSession> = {}): ArrivedSession => ({
  userId: 'ada' as UserId,
  sessionId,
  deviceId: 'phone',
  name: sessionId,
  gatewayId: `gw-${sessionId}`,
  arrivedTs,
  ...kind,
});

const tab = { name: 'tab' };

const ended = (sessions: readonly ArrivedSession[], sessionsMax: number) =>
  Object.fromEntries([...givingWay(sessions, sessionsMax)].map(([{ sessionId }, reason]) => [sessionId, reason]));

test('lets the older of equal device and name go, and others be', () => {
  const sessions = [session('new', 2, tab), session('old', 1, tab), session('else', 1, { ...tab, deviceId: 'laptop' })];
  expect(ended(sessions, 10)).toEqual({ old: 'superseded' });
});

test('lets the oldest go above the limit, and nobody at it', () => {
  const sessions = [session('a', 3), session('b', 1), session('c', 2)];
  expect(ended(sessions, 3)).toEqual({});
  expect(ended(sessions, 2)).toEqual({ b: 'tooManySessions' });
});

test('does not count who is superseded', () => {
  expect(ended([session('a', 1), session('old', 2, tab), session('new', 3, tab)], 2)).toEqual({
    old: 'superseded',
  });
});

test('keeps as many as there may be, the newest of each kind, whoever looks', () => {
  const some = fc.array(fc.tuple(fc.nat(5), fc.constantFrom('x', 'y', 'z'), fc.constantFrom('phone', 'laptop')), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 4 }), (made, sessionsMax) => {
      const sessions = made.map(([ts, name, deviceId], index) => session(`s${index}`, ts, { name, deviceId }));
      const ending = givingWay(sessions, sessionsMax);
      const kinds = new Set(sessions.map(({ name, deviceId }) => `${name} ${deviceId}`));
      expect(sessions.length - ending.size).toBe(Math.min(sessionsMax, kinds.size));
      expect(ended(sessions.toReversed(), sessionsMax)).toEqual(ended(sessions, sessionsMax));
    }),
  );
});

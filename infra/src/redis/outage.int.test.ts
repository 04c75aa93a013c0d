import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEntry, SessionRegistry, UserId } from '@parley/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { CALLS } from './calls.ts';
import { openSessionRegistry, type RedisReport } from './index.ts';
import { startTestValkey, type TestValkey } from './test-servers.ts';

const leaseMs = 60_000;
/** What a busy machine adds to a deadline. */
const toleranceMs = 1_000;

const ada: SessionEntry = {
  userId: 'ada' as UserId,
  sessionId: 's1',
  deviceId: 'phone',
  name: 's1',
  gatewayId: 'gw-1',
};

let server: TestValkey;
let registry: SessionRegistry & Disposable;
let reports: RedisReport['type'][];

beforeEach(async () => {
  server = await startTestValkey();
  reports = [];
  const world = createWorld();
  registry = await openSessionRegistry({ urls: [server.url], world, report: ({ type }) => reports.push(type) });
  await renew();
  await registry.register(ada);
});

afterEach(async () => {
  registry[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

describe('a registry that lost its memory', () => {
  test('says so at the next renewal, and works again once sessions are registered', async () => {
    expect(await renew()).toBe(true);
    await server.admin.flushall();
    expect(await adasGateways()).toEqual([]);
    expect(await registry.holdsLease('gw-1')).toBe(false);
    expect(await renew()).toBe(false);
    await registry.register(ada);
    expect(await adasGateways()).toEqual(['gw-1']);
    expect(await registry.holdsLease('gw-1')).toBe(true);
    expect(await renew()).toBe(true);
    expect(await registry.gateways()).toEqual(['gw-1']);
  });

  test('says so too when only the link was lost, for nobody knows what the server behind it remembers', async () => {
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await untilAnswered();
    expect(await registry.holdsLease('gw-1')).toBe(false);
    expect(await renew()).toBe(false);
    expect(await registry.holdsLease('gw-1')).toBe(true);
    expect(await renew()).toBe(true);
    expect(reports).toEqual(['redis-lost', 'redis-restored']);
  });
});

test('a wiped registry has the order of arrival again, from whoever registers again', async () => {
  const { arrivedTs } = await registry.register(ada);
  const young = { ...ada, sessionId: 's2' };
  const later = await registry.register(young);
  await server.admin.flushall();
  await renew();
  await registry.register({ ...young, arrivedTs: later.arrivedTs });
  expect((await registry.register({ ...ada, arrivedTs })).others).toEqual([{ ...young, arrivedTs: later.arrivedTs }]);
  expect(later.arrivedTs).toBeGreaterThan(arrivedTs);
});

describe('a server that is killed', () => {
  test('makes calls fail at once, and with the next, empty one they work again by the same client', async () => {
    const waiting = Promise.allSettled(Array.from({ length: 100 }, async () => adasGateways()));
    await server.kill();
    expect(await waiting).toHaveLength(100); // some may have been answered before, and none hangs
    await expectUnavailable(100);
    await server.start();
    await untilAnswered();
    expect(await renew()).toBe(false);
    expect(await adasGateways()).toEqual([]);
    await registry.register(ada);
    expect(await adasGateways()).toEqual(['gw-1']);
  });
});

describe('a server that hangs', () => {
  test('makes calls fail in time, and lets a renewal that may have been done prove nothing', async () => {
    server.signal('SIGSTOP');
    const startedMs = performance.now();
    await expect(renew()).rejects.toMatchObject({ name: 'RegistryUnavailable' });
    await expectUnavailable(CALLS.timeoutMs + toleranceMs - (performance.now() - startedMs));
    server.signal('SIGCONT');
    await untilAnswered();
    expect(await renew()).toBe(false);
    expect(await renew()).toBe(true);
  });

  test('is refused more calls than it may owe', async () => {
    server.signal('SIGSTOP');
    const calls = Array.from({ length: CALLS.pendingMax + 1 }, async () => registry.endLease('gw-2'));
    const all = Promise.allSettled(calls);
    const startedMs = performance.now();
    await expect(calls.at(-1)).rejects.toThrow('too many calls');
    expect(performance.now() - startedMs).toBeLessThan(toleranceMs);
    const outcomes = await all;
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  });
});

test('a server that is not there is waited for, and then told as one failure', async () => {
  await server.kill();
  const opening = openSessionRegistry({ urls: [server.url], world: createWorld(), report: () => undefined });
  await sleep(500);
  await server.start();
  using late = await opening;
  expect(await late.gateways()).toEqual([]);
});

test('a wrong password is told as the cause', async () => {
  await server.admin.config('SET', 'requirepass', 'right');
  const open = async (password: string) =>
    openSessionRegistry({ urls: [server.url], password, world: hastyWorld(), report: () => undefined });
  await expect(open('wrong')).rejects.toMatchObject({ name: 'RegistryUnavailable', cause: expect.any(Error) });
  using opened = await open('right');
  expect(await opened.gateways()).toEqual(['gw-1']);
});

/** Every call is refused, all of them within that time. */
async function expectUnavailable(durationMsMax: number): Promise<void> {
  const startedMs = performance.now();
  const calls = [registry.register(ada), registry.unregister(ada), adasGateways(), registry.endLease('gw-1'), renew()];
  calls.push(registry.holdsLease('gw-1'));
  for (const outcome of await Promise.allSettled([...calls, registry.gateways()])) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'RegistryUnavailable' } });
  }
  expect(performance.now() - startedMs).toBeLessThan(durationMsMax);
}

async function untilAnswered(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await registry.gateways().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('the client does not come back');
}

const renew = async (): Promise<boolean> => registry.renewLease('gw-1', Date.now() + leaseMs);
const adasGateways = async () => (await registry.gatewaysOf([ada.userId])).get(ada.userId) ?? [];

/** Gives up on what has not happened within a second. */
function hastyWorld() {
  const world = createWorld();
  return { ...world, schedule: (delayMs: number, task: () => void) => world.schedule(Math.min(delayMs, 1_000), task) };
}

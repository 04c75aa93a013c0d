import type { SessionEntry, SessionRegistry, UserId } from '@parley/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testWorld, type TestWorld } from '../nats/test-servers.ts';
import { openSessionRegistry } from './index.ts';
import { SESSIONS } from './session-registry.ts';
import { startCountingWire } from './test-round-trips.ts';
import { startTestValkey, type TestValkey } from './test-servers.ts';

const leaseMs = 60_000;
const users = Array.from({ length: 10_000 }, (_, index) => `user-${index}` as UserId);

let server: TestValkey;
let registry: SessionRegistry & Disposable;
let world: TestWorld;

beforeEach(async () => {
  server = await startTestValkey();
  world = testWorld();
  registry = await openSessionRegistry({ urls: [server.url], world, report: () => undefined });
  await renew();
});

afterEach(async () => {
  registry[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

test('takes ten thousand registrations at once and finds them all', async () => {
  await forAll((userId) => registry.register(session(userId)));
  expect((await registry.gatewaysOf(users)).size).toBe(10_000);
  await forAll((userId) => registry.unregister(session(userId)));
  expect((await registry.gatewaysOf(users)).size).toBe(0);
  expect(await server.admin.keys('*session*')).toEqual([]);
});

/** On a busy machine the last of so many take longer than a call may: those are made again, as gateways do. None may be refused. */
async function forAll(call: (userId: UserId) => Promise<unknown>): Promise<void> {
  const tooLate: unknown[] = [];
  for (let left = users; left.length > 0;) {
    const late: UserId[] = [];
    const failed = (userId: UserId, error: unknown): void => void (late.push(userId), tooLate.push(error));
    await Promise.all(left.map((userId) => call(userId).catch((error: unknown) => failed(userId, error))));
    left = late;
  }
  expect(tooLate.map(String).filter((why) => !why.includes('did not answer'))).toEqual([]);
}

test('asks for a thousand users and their gateway in one round trip', async () => {
  const asked = users.slice(0, SESSIONS.usersPerPipelineMax);
  await Promise.all(asked.map((userId) => registry.register(session(userId))));
  await using wire = await startCountingWire(server.port);
  using far = await openSessionRegistry({ urls: [wire.url], world, report: () => undefined });
  await far.gatewaysOf(asked); // it learns which gateways there are, for one round trip more
  await server.admin.config('RESETSTAT');
  const before = wire.roundTrips;
  expect((await far.gatewaysOf(asked)).size).toBe(1_000);
  expect(wire.roundTrips - before).toBe(1);
  expect(await callsByCommand()).toMatchObject({ hvals: 1_000, exists: 1 });
});

test('registers in one round trip, and asks for leases in another when there are sessions on other gateways', async () => {
  await using wire = await startCountingWire(server.port);
  using far = await openSessionRegistry({ urls: [wire.url], world, report: () => undefined });
  const roundTrips = async (task: () => Promise<unknown>): Promise<number> => {
    const before = wire.roundTrips;
    await task();
    return wire.roundTrips - before;
  };
  const ada = session('ada' as UserId);
  expect(await roundTrips(() => far.register(ada))).toBe(1);
  expect(await roundTrips(() => far.register({ ...ada, sessionId: 'other' }))).toBe(1);
  expect(await roundTrips(() => far.register({ ...ada, sessionId: 'else', gatewayId: 'gw-2' }))).toBe(2);
});

test('asks for its lease by one read', async () => {
  await server.admin.config('RESETSTAT');
  expect(await registry.holdsLease('gw-1')).toBe(true);
  const { config: _, info: __, ...calls } = await callsByCommand();
  expect(calls).toMatchObject({ exists: 1 });
  expect(calls).not.toHaveProperty('set');
});

test('lets every key expire', async () => {
  await registry.register(session(users[0] ?? ('' as UserId)));
  const keys = await server.admin.keys('*');
  expect(keys).toHaveLength(3); // a user, a lease, the list of gateways
  for (const key of keys) expect(await server.admin.pttl(key)).toBeGreaterThan(0);
});

test('writes what is in use again long before it expires, and what is not never', async () => {
  const [used, unused] = [session('used' as UserId), session('unused' as UserId)];
  const [{ arrivedTs }] = await Promise.all([registry.register(used), registry.register(unused)]);
  await registry.unregister(unused);
  await server.admin.del('parley:session:{used}'); // as if a server had forgotten
  world.offsetMs = SESSIONS.rewriteAfterMs + 1_000;
  await renew();
  await expect
    .poll(async () => [...(await registry.gatewaysOf([used.userId, unused.userId])).keys()])
    .toEqual(['used']);
  const { others } = await registry.register({ ...used, sessionId: 'later' });
  expect(others).toEqual([{ ...used, arrivedTs }]);
});

test('removes what a dead gateway left, and nothing else', async () => {
  await registry.register({ ...session('ada' as UserId), gatewayId: 'gw-dead' });
  await registry.register({ ...session('ada' as UserId), sessionId: 'other' });
  expect((await registry.gatewaysOf(['ada' as UserId])).get('ada' as UserId)).toEqual(['gw-1']);
  await expect.poll(() => server.admin.hkeys('parley:session:{ada}')).toEqual(['other']);
});

const renew = async (): Promise<boolean> => registry.renewLease('gw-1', world.now() + leaseMs);

const session = (userId: UserId): SessionEntry => ({
  userId,
  sessionId: `s-${userId}`,
  deviceId: 'phone',
  name: 'tab',
  gatewayId: 'gw-1',
});

/** The server's own count of commands since the last RESETSTAT. */
async function callsByCommand(): Promise<Record<string, number>> {
  const found = (await server.admin.info('commandstats')).matchAll(/^cmdstat_(\w+):calls=(\d+)/gm);
  return Object.fromEntries([...found].map(([, name, calls]) => [name ?? '', Number(calls)]));
}

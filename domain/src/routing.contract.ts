// What every session registry does (`routing.ts`), as tests: run by the adapter in memory and by the one on Redis.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UserId } from './ids.ts';
import type { ArrivedSession, GatewayId, SessionEntry, SessionRegistry } from './routing.ts';
import type { World } from './world.ts';

export interface OpenedRegistry extends AsyncDisposable {
  /** Empty, nothing else writing to it. */
  readonly registry: SessionRegistry;
  /** What leases are counted by. */
  readonly world: Pick<World, 'now'>;
  /** Resolves when that much time has passed, for leases too. */
  readonly pass: (durationMs: number) => Promise<unknown>;
}

type Open = () => Promise<OpenedRegistry>;

const leaseMs = 60_000;
const shortLeaseMs = 150;

export function describeSessionRegistry(name: string, open: Open): void {
  describe(`${name}, as a session registry`, () => {
    sessionCases(open);
    arrivalCases(open);
    manyCases(open);
    leaseCases(open);
    propertyCases(open);
  });
}

function sessionCases(open: Open): void {
  test('shows a session to every look-up that begins after its registration', async () => {
    await using house = await fixture(open);
    expect(await house.found(ada)).toEqual({ ada: [] });
    await house.registry.register(session(ada, 's1', 'gw-1'));
    expect(await house.found(ada)).toEqual({ ada: ['gw-1'] });
  });

  test('knows a user on two gateways, each once', async () => {
    await using house = await fixture(open);
    for (const [id, gatewayId] of [['s1', 'gw-1'] as const, ['s2', 'gw-1'] as const, ['s3', 'gw-2'] as const]) {
      await house.registry.register(session(ada, id, gatewayId));
    }
    expect(await house.found(ada)).toEqual({ ada: ['gw-1', 'gw-2'] });
  });

  test('knows a user on a gateway until the last of the sessions there is gone', async () => {
    await using house = await fixture(open);
    const [first, second] = [session(ada, 's1', 'gw-1'), session(ada, 's2', 'gw-1')];
    await Promise.all([house.registry.register(first), house.registry.register(second)]);
    await house.registry.unregister(first);
    expect(await house.found(ada)).toEqual({ ada: ['gw-1'] });
    await house.registry.unregister(second);
    await house.registry.unregister(second);
    expect(await house.found(ada)).toEqual({ ada: [] });
  });

  test('keeps a new session when the one it replaced is unregistered late', async () => {
    await using house = await fixture(open);
    const [old, young] = [session(ada, 's1', 'gw-1'), session(ada, 's2', 'gw-2')];
    await house.registry.register(old);
    await house.registry.register(young);
    await house.registry.unregister(old);
    expect(await house.found(ada)).toEqual({ ada: ['gw-2'] });
  });

  test('takes a session twice and forgets it once', async () => {
    await using house = await fixture(open);
    const entry = session(ada, 's1', 'gw-1');
    await house.registry.register(entry);
    await house.registry.register(entry);
    await house.registry.unregister(entry);
    expect(await house.found(ada)).toEqual({ ada: [] });
  });
}

function arrivalCases(open: Open): void {
  test('tells a session of the others its user has, wherever they are, and of nobody else', async () => {
    await using house = await fixture(open);
    const [first, second] = [session(ada, 's1', 'gw-1'), { ...session(ada, 's2', 'gw-2'), name: 'tab' }];
    await house.registry.register(session('bob' as UserId, 's9', 'gw-1'));
    const { arrivedTs, others } = await house.registry.register(first);
    expect(others).toEqual([]);
    expect((await house.registry.register(second)).others).toEqual([{ ...first, arrivedTs }]);
    await house.registry.unregister(second);
    expect((await house.registry.register(session(ada, 's3', 'gw-2'))).others.map(idOf)).toEqual(['s1']);
  });

  test('puts those that come at once one after the other, each told of all before it', async () => {
    await using house = await fixture(open);
    const came = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const entry = session(ada, `s${index}`, index % 2 === 0 ? 'gw-1' : 'gw-2');
        return { id: entry.sessionId, ...(await house.registry.register(entry)) };
      }),
    );
    const inOrder = came.toSorted((one, other) => one.arrivedTs - other.arrivedTs);
    expect(new Set(came.map(({ arrivedTs }) => arrivedTs)).size).toBe(50);
    for (const [index, { others }] of inOrder.entries()) {
      const before = inOrder.slice(0, index).map(({ id }) => id);
      expect(others.map(idOf).toSorted()).toEqual(before.toSorted());
    }
  });

  test('lets a new session come after the others, however far ahead the clock of their gateway was', async () => {
    await using house = await fixture(open);
    const aheadTs = house.world.now() + 3_600_000;
    await house.registry.register({ ...session(ada, 's1', 'gw-1'), arrivedTs: aheadTs });
    expect((await house.registry.register(session(ada, 's2', 'gw-2'))).arrivedTs).toBeGreaterThan(aheadTs);
  });

  test('keeps the place of a session that is registered again, with its time or without', async () => {
    await using house = await fixture(open);
    const [first, second] = [session(ada, 's1', 'gw-1'), session(ada, 's2', 'gw-2')];
    const { arrivedTs } = await house.registry.register(first);
    const registration = await house.registry.register(second);
    expect((await house.registry.register(first)).arrivedTs).toBe(arrivedTs);
    expect((await house.registry.register({ ...first, arrivedTs })).arrivedTs).toBe(arrivedTs);
    expect(await house.registry.register(second)).toEqual(registration);
  });

  test('restores the order of arrival from those that come again after everything was forgotten', async () => {
    await using house = await fixture(open);
    const entries = ['s1', 's2', 's3'].map((id, index) => session(ada, id, `gw-${1 + (index % 2)}`));
    const arrived: ArrivedSession[] = [];
    for (const entry of entries) arrived.push({ ...entry, ...(await arrivalOf(house.registry, entry)) });
    for (const entry of entries) await house.registry.unregister(entry);
    for (const session of arrived.toReversed()) await house.registry.register(session);
    const { others } = await house.registry.register(session(ada, 'new', 'gw-1'));
    expect(others.toSorted((one, other) => one.arrivedTs - other.arrivedTs)).toEqual(arrived);
  });

  test('tells nobody of the sessions of a gateway that is dead', async () => {
    await using house = await fixture(open);
    await house.registry.register(session(ada, 's1', 'gw-1'));
    await house.registry.register(session(ada, 's2', 'gw-never'));
    expect((await house.registry.register(session(ada, 's3', 'gw-2'))).others.map(idOf)).toEqual(['s1']);
    await house.registry.endLease('gw-1');
    expect((await house.registry.register(session(ada, 's3', 'gw-2'))).others).toEqual([]);
  });
}

function manyCases(open: Open): void {
  test('leaves out users without a session, whatever their ids', async () => {
    await using house = await fixture(open);
    const [longest, proto] = ['x'.repeat(64) as UserId, '__proto__' as UserId];
    await house.registry.register(session(longest, '__proto__', 'gw-1'));
    await house.registry.register(session(proto, 's1', 'gw-2'));
    const found = await house.registry.gatewaysOf([ada, longest, proto, 'constructor' as UserId]);
    expect([...found]).toEqual([
      [longest, ['gw-1']],
      [proto, ['gw-2']],
    ]);
    expect((await house.registry.gatewaysOf([])).size).toBe(0);
  });

  test('answers for two thousand five hundred users at once', async () => {
    await using house = await fixture(open);
    const users = Array.from({ length: 2_500 }, (_, index) => `user-${index}` as UserId);
    const connected = users.filter((_, index) => index % 2 === 0);
    await Promise.all(connected.map((userId) => house.registry.register(session(userId, `s-${userId}`, 'gw-1'))));
    const found = await house.registry.gatewaysOf(users);
    expect([...found.keys()]).toEqual(connected);
  });
}

function leaseCases(open: Open): void {
  test('keeps a gateway and its sessions out of sight without a live lease', async () => {
    await using house = await fixture(open);
    await house.registry.register(session(ada, 's1', 'gw-3'));
    expect(await house.found(ada)).toEqual({ ada: [] });
    expect(await house.renew('gw-3', shortLeaseMs)).toBe(false);
    await house.registry.register(session(ada, 's1', 'gw-3'));
    expect(await house.found(ada)).toEqual({ ada: ['gw-3'] });
    await house.pass(2 * shortLeaseMs);
    expect(await house.found(ada)).toEqual({ ada: [] });
    expect(await house.gateways()).toEqual(['gw-1', 'gw-2']);
  });

  test('renews a lease with the news whether it was held', async () => {
    await using house = await fixture(open);
    expect(await house.renew('gw-1')).toBe(true);
    expect(await house.registry.holdsLease('gw-new')).toBe(false);
    expect(await house.renew('gw-new', shortLeaseMs)).toBe(false);
    expect(await house.registry.holdsLease('gw-new')).toBe(true);
    expect(await house.renew('gw-new', shortLeaseMs)).toBe(true);
    await house.pass(2 * shortLeaseMs);
    expect(await house.registry.holdsLease('gw-new')).toBe(false);
    expect(await house.renew('gw-new')).toBe(false);
    expect(await house.gateways()).toEqual(['gw-1', 'gw-2', 'gw-new']);
  });

  test('shows the sessions of a gateway that lapsed and registered them again', async () => {
    await using house = await fixture(open);
    await house.renew('gw-3', shortLeaseMs);
    await house.registry.register(session(ada, 's1', 'gw-3'));
    await house.pass(2 * shortLeaseMs);
    expect(await house.found(ada)).toEqual({ ada: [] });
    expect(await house.renew('gw-3')).toBe(false);
    await house.registry.register(session(ada, 's1', 'gw-3'));
    expect(await house.found(ada)).toEqual({ ada: ['gw-3'] });
  });

  test('ends a lease at once, and that of others goes on', async () => {
    await using house = await fixture(open);
    await house.registry.register(session(ada, 's1', 'gw-1'));
    await house.registry.register(session(ada, 's2', 'gw-2'));
    await house.registry.endLease('gw-1');
    await house.registry.endLease('gw-never');
    expect(await house.found(ada)).toEqual({ ada: ['gw-2'] });
    expect(await house.gateways()).toEqual(['gw-2']);
    expect(await house.renew('gw-1')).toBe(false);
  });
}

/** One step of a history: what a gateway does, with one of its sessions where it matters. */
const stepArbitrary = fc.record({
  act: fc.constantFrom('register' as const, 'unregister' as const, 'renew' as const, 'end' as const),
  gatewayId: fc.constantFrom('gw-a', 'gw-b', 'gw-c'),
  userId: fc.constantFrom('ada' as UserId, '__proto__' as UserId, 'bob' as UserId),
  number: fc.nat({ max: 1 }),
});

function propertyCases(open: Open): void {
  test('agrees with a small model after every step of any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 30 }), async (steps) => {
        await using opened = await open();
        const model = createModel(opened);
        for (const step of steps) {
          const entry = session(step.userId, `${step.gatewayId}-${step.number}`, step.gatewayId);
          await model[step.act](entry);
          await model.compare();
        }
      }),
      { numRuns: 40 },
    );
  });
}

/** Does each step to the registry and to itself; a gateway that lost its lease registers its sessions again. */
function createModel({ registry, world }: OpenedRegistry) {
  const users = ['ada', '__proto__', 'bob'].map((id) => id as UserId);
  const sessions = new Map<string, SessionEntry>();
  const alive = new Set<GatewayId>();
  const keyOf = ({ userId, sessionId }: SessionEntry): string => `${userId} ${sessionId}`;
  const expected = () =>
    users.map((userId) => {
      const theirs = [...sessions.values()].filter((each) => each.userId === userId && alive.has(each.gatewayId));
      return [userId, [...new Set(theirs.map(({ gatewayId }) => gatewayId))].toSorted()] as const;
    });
  return {
    async register(entry: SessionEntry) {
      sessions.set(keyOf(entry), entry);
      const { others } = await registry.register(entry);
      if (!alive.has(entry.gatewayId)) return; // it should not have registered
      const expectedOthers = [...sessions.values()].filter(
        (each) => each.userId === entry.userId && each.sessionId !== entry.sessionId && alive.has(each.gatewayId),
      );
      expect(others.map(idOf).toSorted()).toEqual(expectedOthers.map(idOf).toSorted());
    },
    async unregister(entry: SessionEntry) {
      sessions.delete(keyOf(entry));
      await registry.unregister(entry);
    },
    async renew({ gatewayId }: SessionEntry) {
      expect(await registry.renewLease(gatewayId, world.now() + leaseMs)).toBe(alive.has(gatewayId));
      if (!alive.has(gatewayId)) {
        const again = [...sessions.values()].filter((each) => each.gatewayId === gatewayId);
        await Promise.all(again.map((each) => registry.register(each)));
      }
      alive.add(gatewayId);
    },
    async end({ gatewayId }: SessionEntry) {
      alive.delete(gatewayId);
      await registry.endLease(gatewayId);
    },
    async compare() {
      const found = await registry.gatewaysOf(users);
      const actual = users.map((userId) => [userId, (found.get(userId) ?? []).toSorted()] as const);
      expect(actual).toEqual(expected());
      expect([...found.values()].every((gateways) => gateways.length > 0)).toBe(true);
      expect((await registry.gateways()).toSorted()).toEqual([...alive].toSorted());
    },
  };
}

/** A registry where `gw-1` and `gw-2` hold leases. */
async function fixture(open: Open) {
  const opened = await open();
  const { registry, world } = opened;
  const renew = async (gatewayId: GatewayId, durationMs = leaseMs) =>
    registry.renewLease(gatewayId, world.now() + durationMs);
  await renew('gw-1');
  await renew('gw-2');
  return {
    ...opened,
    renew,
    gateways: async () => (await registry.gateways()).toSorted(),
    /** The gateways of each, in order, none being an empty list. */
    async found(...userIds: readonly UserId[]) {
      const found = await registry.gatewaysOf(userIds);
      return Object.fromEntries(userIds.map((userId) => [userId, (found.get(userId) ?? []).toSorted()]));
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

const ada = 'ada' as UserId;

const session = (userId: UserId, sessionId: string, gatewayId: GatewayId): SessionEntry => ({
  userId,
  sessionId,
  deviceId: 'my phone',
  name: sessionId,
  gatewayId,
});

const idOf = ({ sessionId }: SessionEntry): string => sessionId;

const arrivalOf = async (registry: SessionRegistry, entry: SessionEntry): Promise<{ readonly arrivedTs: number }> => {
  const { arrivedTs } = await registry.register(entry);
  return { arrivedTs };
};

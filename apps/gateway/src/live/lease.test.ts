import { createSessionRegistry } from '@parley/infra/memory';
import { expect, test } from 'vitest';
import { createMovingWorld } from '../testing/moving-world.ts';
import { keepLease } from './lease.ts';

const gatewayId = 'gw-1';
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A lease that is kept, with a count of what the registry was asked. */
async function openLease() {
  const world = createMovingWorld();
  const registry = createSessionRegistry(world);
  const asked = { looks: 0, renewals: 0, lapses: 0 };
  const away = { isAway: false };
  const ask = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    if (away.isAway) throw new Error('away');
    return answer();
  };
  const counted = {
    ...registry,
    holdsLease: async (id: string) => ask(async () => (asked.looks++, registry.holdsLease(id))),
    renewLease: async (id: string, until: number) =>
      ask(async () => (asked.renewals++, registry.renewLease(id, until))),
  };
  const lease = await keepLease({ gatewayId, registry: counted, world, logger, onLapsed: () => asked.lapses++ });
  return { world, registry, asked, away, [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
}

test('looks each second and writes every tenth time', async () => {
  await using lease = await openLease();
  await lease.world.advance(60_000);
  expect(lease.asked.looks).toBeGreaterThan(40);
  expect(lease.asked.renewals - 1).toBe(Math.floor(lease.asked.looks / 10));
  expect(lease.asked.lapses).toBe(0);
  expect(await lease.registry.gateways()).toEqual([gatewayId]);
});

test('takes a lease that is gone again at the next look, once, and says so', async () => {
  await using lease = await openLease();
  await lease.registry.endLease(gatewayId);
  await lease.world.advance(2_000);
  expect(await lease.registry.gateways()).toEqual([gatewayId]);
  await lease.world.advance(20_000);
  expect(lease.asked.lapses).toBe(1);
});

test('sees a lease that ran out in a sleep', async () => {
  await using lease = await openLease();
  lease.world.leap(40_000);
  await lease.world.advance(2_000);
  expect(lease.asked.lapses).toBe(1);
});

test('tries each second while the registry is away, and has not lapsed when it was short', async () => {
  await using lease = await openLease();
  await lease.world.advance(9_000);
  lease.away.isAway = true;
  await lease.world.advance(10_000);
  lease.away.isAway = false;
  const { renewals } = lease.asked;
  await lease.world.advance(2_000);
  expect(lease.asked.renewals).toBeGreaterThanOrEqual(renewals);
  expect(lease.asked.lapses).toBe(0);
  lease.away.isAway = true;
  await lease.world.advance(40_000);
  lease.away.isAway = false;
  await lease.world.advance(2_000);
  expect(lease.asked.lapses).toBe(1);
});

import type { SessionEntry, UserId } from '@parley/domain';
import { describeSessionRegistry, type OpenedRegistry } from '@parley/domain/contracts';
import { expect, test } from 'vitest';
import { createSessionRegistry } from './session-registry.ts';

describeSessionRegistry('the one in memory', async () => openRegistry());

test('counts a lease as over at its very end', async () => {
  const { registry, pass } = openRegistry();
  await registry.renewLease('gw-1', 2_000);
  await registry.register(ada);
  await pass(999);
  expect(await registry.gateways()).toEqual(['gw-1']);
  await pass(1);
  expect(await registry.gateways()).toEqual([]);
  expect((await registry.gatewaysOf([ada.userId])).size).toBe(0);
});

const ada: SessionEntry = {
  userId: 'ada' as UserId,
  sessionId: 's1',
  deviceId: 'phone',
  name: 's1',
  gatewayId: 'gw-1',
};

function openRegistry(): OpenedRegistry {
  let now = 1_000;
  const world = { now: () => now };
  return {
    registry: createSessionRegistry(world),
    world,
    pass: async (durationMs) => (now += durationMs),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

import type { GatewayId, SessionEntry, UserId } from '@parley/domain';
import { describe, expect, it } from 'vitest';
import { createSessionRegistry } from './session-registry.ts';

const [ada, bob] = ['ada', '__proto__'].map((id) => id as UserId) as [UserId, UserId];

const session = (userId: UserId, sessionId: string, gatewayId: GatewayId): SessionEntry => ({
  userId,
  sessionId,
  deviceId: 'phone',
  gatewayId,
});

async function createRegistry() {
  let now = 1_000;
  const registry = createSessionRegistry({ now: () => now });
  for (const gatewayId of ['gw-1', 'gw-2']) await registry.renewLease(gatewayId, 2_000);
  const gatewaysOf = async (...userIds: readonly UserId[]) => Object.fromEntries(await registry.gatewaysOf(userIds));
  return { registry, gatewaysOf, moveTo: (ts: number) => (now = ts) };
}

describe('the session registry', () => {
  it('knows on which gateways a user is, each once', async () => {
    const { registry, gatewaysOf } = await createRegistry();
    await registry.register(session(ada, 's1', 'gw-1'));
    await registry.register(session(ada, 's2', 'gw-1'));
    await registry.register(session(ada, 's3', 'gw-2'));
    expect(await gatewaysOf(ada)).toEqual({ ada: ['gw-1', 'gw-2'] });
  });

  it('leaves out users without a session', async () => {
    const { registry } = await createRegistry();
    await registry.register(session(bob, 's1', 'gw-1'));
    const found = await registry.gatewaysOf([ada, bob, 'constructor' as UserId]);
    expect([...found]).toEqual([[bob, ['gw-1']]]);
  });

  it('knows a user on a gateway until the last of the sessions there is gone', async () => {
    const { registry, gatewaysOf } = await createRegistry();
    const [first, second] = [session(ada, 's1', 'gw-1'), session(ada, 's2', 'gw-1')];
    await registry.register(first);
    await registry.register(second);
    await registry.unregister(first);
    expect(await gatewaysOf(ada)).toEqual({ ada: ['gw-1'] });
    await registry.unregister(second);
    await registry.unregister(second);
    expect(await gatewaysOf(ada)).toEqual({});
  });
});

describe("a gateway's lease", () => {
  it('keeps its sessions alive until it ends, and not at that moment any more', async () => {
    const { registry, gatewaysOf, moveTo } = await createRegistry();
    await registry.register(session(ada, 's1', 'gw-1'));
    moveTo(1_999);
    expect(await registry.gateways()).toEqual(['gw-1', 'gw-2']);
    moveTo(2_000);
    expect(await gatewaysOf(ada)).toEqual({});
    expect(await registry.gateways()).toEqual([]);
  });

  it('is renewed with the news whether it had lapsed', async () => {
    const { registry, moveTo } = await createRegistry();
    moveTo(1_500);
    expect(await registry.renewLease('gw-1', 3_000)).toBe(true);
    moveTo(2_500);
    expect(await registry.gateways()).toEqual(['gw-1']);
    expect(await registry.renewLease('gw-2', 3_500)).toBe(false);
    expect(await registry.renewLease('gw-new', 3_500)).toBe(false);
    expect(await registry.renewLease('gw-2', 3_500)).toBe(true);
  });

  it('ends at once when the gateway says so, and that of others goes on', async () => {
    const { registry, gatewaysOf } = await createRegistry();
    await registry.register(session(ada, 's1', 'gw-1'));
    await registry.register(session(ada, 's2', 'gw-2'));
    await registry.endLease('gw-1');
    expect(await gatewaysOf(ada)).toEqual({ ada: ['gw-2'] });
    expect(await registry.gateways()).toEqual(['gw-2']);
  });
});

// The registry as a gateway knows it by its adapter on Redis: a renewal without an answer may have been done, so that a lease that
// is there proves nothing until one is answered (infra/src/redis/session-registry.ts).
import type { SessionRegistry } from '@parley/domain';

export function withDoubt(registry: SessionRegistry): SessionRegistry {
  let isInDoubt = false;
  return {
    register: (entry) => registry.register(entry),
    unregister: (session) => registry.unregister(session),
    gatewaysOf: (userIds) => registry.gatewaysOf(userIds),
    gateways: () => registry.gateways(),
    endLease: (gatewayId) => registry.endLease(gatewayId),
    async renewLease(gatewayId, until) {
      const wasInDoubt = isInDoubt;
      isInDoubt = true;
      const wasHeld = await registry.renewLease(gatewayId, until);
      isInDoubt = false;
      return wasHeld && !wasInDoubt;
    },
    holdsLease: async (gatewayId) => (await registry.holdsLease(gatewayId)) && !isInDoubt,
  };
}

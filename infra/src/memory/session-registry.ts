// Who is connected where, for one process. Nothing survives it, and nothing needs to: its gateway dies with it.
import type { ArrivedSession, GatewayId, SessionRegistry, TimestampMs, UserId, World } from '@parley/domain';

export function createSessionRegistry(world: Pick<World, 'now'>): SessionRegistry {
  const sessionsByUser = new Map<UserId, Map<string, ArrivedSession>>();
  const leases = new Map<GatewayId, TimestampMs>();
  const isAlive = (gatewayId: GatewayId): boolean => (leases.get(gatewayId) ?? 0) > world.now();

  return {
    async register(entry) {
      const sessions = sessionsByUser.get(entry.userId) ?? new Map<string, ArrivedSession>();
      const others = [...sessions.values()].filter(({ sessionId }) => sessionId !== entry.sessionId);
      const before = sessions.get(entry.sessionId)?.arrivedTs;
      const next = Math.max(world.now(), ...others.map(({ arrivedTs }) => arrivedTs + 1));
      const arrivedTs = entry.arrivedTs ?? before ?? next;
      sessionsByUser.set(entry.userId, sessions.set(entry.sessionId, { ...entry, arrivedTs }));
      return { arrivedTs, others: others.filter(({ gatewayId }) => isAlive(gatewayId)) };
    },
    async unregister({ userId, sessionId }) {
      const sessions = sessionsByUser.get(userId);
      sessions?.delete(sessionId);
      if (sessions?.size === 0) sessionsByUser.delete(userId);
    },
    async gatewaysOf(userIds) {
      const found = new Map<UserId, readonly GatewayId[]>();
      for (const userId of userIds) {
        const entries = sessionsByUser
          .get(userId)
          ?.values()
          .filter(({ gatewayId }) => isAlive(gatewayId));
        const gateways = new Set(entries?.map(({ gatewayId }) => gatewayId));
        if (gateways.size > 0) found.set(userId, [...gateways]);
      }
      return found;
    },
    async renewLease(gatewayId, until) {
      const held = isAlive(gatewayId);
      leases.set(gatewayId, until);
      return held;
    },
    async holdsLease(gatewayId) {
      return isAlive(gatewayId);
    },
    async endLease(gatewayId) {
      leases.delete(gatewayId);
    },
    async gateways() {
      return [...leases.keys()].filter(isAlive);
    },
  };
}

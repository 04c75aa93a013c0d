// What lies where in Redis. No command names keys of two slots, and what belongs to one user hashes to one slot, so all of it
// works on a Cluster. Every key expires by itself.
import type { ArrivedSession, GatewayId, SessionEntry, UserId } from '@parley/domain';

export interface Keys {
  /** Hash: session id -> what `sessionValue` makes. */
  session(userId: UserId): string;
  /** A gateway's lease: there while it holds, by Redis's own clock. */
  lease(gatewayId: GatewayId): string;
  /** Sorted set: every gateway that holds or recently held a lease, by the time until which it was given. */
  readonly gateways: string;
}

export const createKeys = (namespace: string): Keys => ({
  session: (userId) => `${namespace}:session:{${userId}}`,
  lease: (gatewayId) => `${namespace}:gw:{${gatewayId}}`,
  gateways: `${namespace}:gateways`,
});

/** What a session's value says; `number` is new for each registration, so that removing an old value leaves the young one. */
export const sessionValue = (entry: SessionEntry, number: number, arrivedTs: string): string =>
  `${entry.gatewayId} ${number} ${arrivedTs} ${entry.name} ${entry.deviceId}`;

export const gatewayOfValue = (value: string): GatewayId => value.slice(0, Math.max(0, value.indexOf(' ')));

/** No part has a space but the last, which may have some. */
export function sessionOfValue(userId: UserId, sessionId: string, value: string): ArrivedSession {
  const [gatewayId = '', , arrivedTs, name = '', ...deviceId] = value.split(' ');
  return { userId, sessionId, gatewayId, arrivedTs: Number(arrivedTs), name, deviceId: deviceId.join(' ') };
}

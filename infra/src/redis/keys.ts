// What lies where in Redis. No command names keys of two slots, and what belongs to one user hashes to one slot, so all of it
// works on a Cluster. Every key expires by itself.
import type { GatewayId, SessionEntry, UserId } from '@parley/domain';

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

/**
 * `number` is new for each registration, so that removing an old value never removes the young one of the same session. A
 * gateway id has no space; a device id may have some, so it comes last.
 */
export const sessionValue = ({ gatewayId, deviceId }: SessionEntry, number: number): string =>
  `${gatewayId} ${number} ${deviceId}`;

export const gatewayOfValue = (value: string): GatewayId => value.slice(0, Math.max(0, value.indexOf(' ')));

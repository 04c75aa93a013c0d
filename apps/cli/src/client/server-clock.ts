// The server's time as this client knows it, and ids made from it: an id from a clock that is wrong would take the slow
// path, or be refused as `clock_ahead`.
import type { ClientMessageId, TimestampMs, World } from '@parley/domain';

export interface ServerClock {
  /** The server said what time it is. */
  correct(serverTs: TimestampMs): void;
  now(): TimestampMs;
  newMessageId(): ClientMessageId;
}

export function createServerClock(world: Pick<World, 'now' | 'uuid'>): ServerClock {
  let aheadMs = 0;
  const now = () => world.now() + aheadMs;
  return {
    correct(serverTs) {
      aheadMs = serverTs - world.now();
    },
    now,
    newMessageId: () => withTimestamp(world.uuid(), now()),
  };
}

/** A version 7 UUID begins with 48 bits of milliseconds (RFC 9562 §5.7); the random rest stays. */
function withTimestamp(uuid: string, timestamp: TimestampMs): ClientMessageId {
  const hex = Math.max(0, Math.trunc(timestamp)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${uuid.slice(13)}` as ClientMessageId;
}

// The clock's view of the sessions: who is silent, who wants a ping, whose token ends.
import type { TimestampMs, World } from '@parley/domain';
import type { WireLimits } from '@parley/protocol';
import { every } from './every.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Pings and expiries are this exact. One sweep for all is cheaper than timers for each. */
const sweepMs = 500;

export function startHeartbeat(world: World, sessions: Sessions, limits: WireLimits): Disposable {
  return every(world, sweepMs, () => {
    const now = world.now();
    for (const session of sessions.all()) beat(session, limits, now);
  });
}

function beat(session: Session, limits: WireLimits, now: TimestampMs): void {
  if (now >= session.tokenExpTs) return session.close('unauthenticated');
  if (now - session.lastHeardTs >= limits.idleTimeoutMs) return session.close('heartbeatMissed');
  if (!session.isToldOfExpiry && now >= session.tokenExpTs - limits.tokenExpiringMs) {
    session.isToldOfExpiry = true;
    session.send({ type: 'token_expiring', in_ms: session.tokenExpTs - now });
  }
  if (now - session.lastPingTs >= limits.serverPingMs) session.ping(now);
}

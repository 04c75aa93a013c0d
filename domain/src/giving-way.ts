// Which of a user's sessions give way to which. Pure, and the same wherever it is asked: whoever sees the same sessions ends the
// same ones, so gateways need not agree on who does it.
import type { ArrivedSession, EndReason } from './routing.ts';

/** Of equal (device, name) the newest stays, and of these as many as a user may have; a session is alone with its id. */
export function givingWay(
  sessions: readonly ArrivedSession[],
  sessionsMax: number,
): ReadonlyMap<ArrivedSession, EndReason> {
  const ending = new Map<ArrivedSession, EndReason>();
  const staying = new Set<string>();
  for (const session of sessions.toSorted(newestFirst)) {
    const kind = `${session.name} ${session.deviceId}`;
    if (staying.has(kind)) ending.set(session, 'superseded');
    else if (staying.size === sessionsMax) ending.set(session, 'tooManySessions');
    else staying.add(kind);
  }
  return ending;
}

/** Arrivals of one user are all different but after a registry was wiped; then the id makes everybody see one order. */
const newestFirst = (one: ArrivedSession, other: ArrivedSession): number =>
  other.arrivedTs - one.arrivedTs || (one.sessionId < other.sessionId ? 1 : -1);

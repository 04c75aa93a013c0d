// Leaving without losing anybody: clients are told to go, slice by slice, and what they asked for is answered first.
import type { World } from '@parley/domain';
import type { WireLimits } from '@parley/protocol';
import type { InFlight } from './in-flight.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface Draining {
  readonly sessions: Sessions;
  readonly inFlight: InFlight;
  readonly world: World;
  readonly drainMs: number;
  readonly limits: Pick<WireLimits, 'reconnectFirstMsMin' | 'reconnectFirstMsMax'>;
}

/** Sockets closed at once: their clients all come to other gateways within moments. */
const sliceSessions = 100;
const sliceMs = 100;
/** Of the time there is, for closing in slices; the rest is for appends that wait for the log. */
const closingShare = 0.6;

/** Resolves within `drainMs`, when every socket is closed and everything asked has its answer. */
export async function drainSessions({ sessions, inFlight, world, drainMs, limits }: Draining): Promise<void> {
  const all = shuffled(sessions.all(), world);
  const closingMs = Math.min(drainMs * closingShare, Math.ceil(all.length / sliceSessions) * sliceMs);
  const spreadMs = Math.max(closingMs, limits.reconnectFirstMsMax) - limits.reconnectFirstMsMin;
  for (const session of all) {
    const after_ms = Math.round(limits.reconnectFirstMsMin + world.random() * spreadMs);
    session.send({ type: 'reconnect', after_ms, reason: 'drain' });
  }
  const closed = closeInSlices(all, world, closingMs).then(() => inFlight.idle());
  const deadline = new AbortController();
  await Promise.race([closed, world.sleep(drainMs, deadline.signal)]);
  deadline.abort(); // a timer left behind would hold the process for the rest of it
  for (const session of sessions.all()) session.close('draining'); // whoever was not ready in time
}

async function closeInSlices(all: readonly Session[], world: World, closingMs: number): Promise<void> {
  const slices = Math.ceil(closingMs / sliceMs);
  const closing: Promise<void>[] = [];
  for (let slice = 0; slice < slices; slice++) {
    await world.sleep(sliceMs);
    const due = all.slice((all.length * slice) / slices, (all.length * (slice + 1)) / slices);
    closing.push(...due.map(closeWhenIdle));
  }
  await Promise.all(closing);
}

/** Its acks first: a client that misses one sends the message again elsewhere. */
async function closeWhenIdle(session: Session): Promise<void> {
  await session.inFlight.idle();
  session.close('draining');
}

/** So that no user's devices, registered together, go together. */
function shuffled(sessions: readonly Session[], world: World): readonly Session[] {
  return sessions
    .map((session) => [world.random(), session] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, session]) => session);
}

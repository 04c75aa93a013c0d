// The sessions of this gateway: who is connected, and the registry's copy of it; who gives way to whom, here and elsewhere.
import {
  givingWay,
  type ArrivedSession,
  type EndReason,
  type EndSession,
  type GatewayBus,
  type GatewayId,
  type Registration,
  type SessionEntry,
  type SessionRegistry,
  type UserId,
} from '@parley/domain';
import type { GatewayLogger } from './dependencies.ts';
import { inBackground } from './failures.ts';
import type { Session } from './session.ts';

export interface Sessions {
  readonly size: number;
  ofUser(userId: UserId): Iterable<Session>;
  all(): readonly Session[];
  /** Makes delivery see the connection; before its socket is opened, so that nothing sent after `hello` can pass by. */
  register(entry: SessionEntry): Promise<void>;
  /** For a connection that was registered and never opened, or is closed. Never rejects. */
  unregister(session: SessionId): Promise<void>;
  /** Registers all of them again: the registry may have lost some, and others may have come meanwhile. */
  registerAll(): Promise<void>;
  /** Does again what may have been lost: what other gateways were told, and what the registry was not. Never rejects. */
  settle(): Promise<void>;
  /** The sessions that have to give way to it are closed, or their gateways told. It may itself be closed at once. */
  open(session: Session): void;
  /** Another gateway says that this one has to give way. */
  end(end: EndSession): void;
  closed(session: Session): void;
}

type SessionId = Pick<SessionEntry, 'userId' | 'sessionId'>;

export interface SessionsOptions {
  readonly gatewayId: GatewayId;
  readonly registry: SessionRegistry;
  readonly bus: Pick<GatewayBus, 'endSession'>;
  readonly sessionsPerUserMax: number;
  readonly logger: GatewayLogger;
}

/** Between two calls of `settle`: how long two equal sessions may live side by side when a word to a gateway was lost. */
export const settleMs = 5_000;
/** Calls that are under way at once when many are made again. */
const callsMax = 256;

/** From before its registration to its end; changes as it goes. */
interface Known {
  readonly entry: SessionEntry;
  registration?: Registration;
  session?: Session;
  /** It has to end and has no socket yet. */
  endReason?: EndReason;
}

export function createSessions({ gatewayId, registry, bus, sessionsPerUserMax, logger }: SessionsOptions): Sessions {
  /** Also those whose socket is not open yet: a lapsed lease must not forget them. */
  const known = new Map<string, Known>();
  const byUser = new Map<UserId, Set<Session>>();
  /** Those that told another gateway something: until the registry shows that it was done. */
  const unsettled = new Set<string>();
  /** Those that are gone from here and perhaps not from the registry, where they count and are published to. */
  const leftovers = new Map<string, SessionId>();

  async function unregister(session: SessionId): Promise<void> {
    known.delete(session.sessionId);
    try {
      await registry.unregister(session);
      leftovers.delete(session.sessionId);
    } catch (error) {
      leftovers.set(session.sessionId, session);
      logger.warn({ err: error }, 'a session stays in the registry for now');
    }
  }

  async function register(one: Known): Promise<void> {
    const { registration, entry } = one;
    one.registration = await registry.register({
      ...entry,
      ...(registration && { arrivedTs: registration.arrivedTs }),
    });
    if (known.get(entry.sessionId) !== one) await unregister(entry); // it closed meanwhile
    if (one.session) makeRoom(one);
  }

  function makeRoom(one: Known): void {
    unsettled.delete(one.entry.sessionId);
    for (const [{ userId, sessionId, ...its }, reason] of givingWay(sessionsBeside(one), sessionsPerUserMax)) {
      if (its.gatewayId === gatewayId) {
        end({ userId, sessionId, reason });
      } else {
        unsettled.add(one.entry.sessionId);
        bus.endSession(its.gatewayId, { userId, sessionId, reason });
      }
    }
  }

  /** What the registry said, with what is known better here: who of this gateway there is. */
  function sessionsBeside({ entry, registration }: Known): readonly ArrivedSession[] {
    const elsewhere = registration?.others.filter((other) => other.gatewayId !== gatewayId) ?? [];
    const here = [...(byUser.get(entry.userId) ?? [])].flatMap(({ entry: own }) => {
      const arrivedTs = known.get(own.sessionId)?.registration?.arrivedTs;
      return arrivedTs === undefined ? [] : { ...own, arrivedTs };
    });
    return [...elsewhere, ...here];
  }

  function end({ userId, sessionId, reason }: EndSession): void {
    const one = known.get(sessionId);
    if (one?.session) one.session.close(reason);
    else if (one) one.endReason = reason;
    else inBackground(logger, unregister({ userId, sessionId }), 'unregister');
  }

  return {
    get size() {
      return known.size;
    },
    ofUser: (userId) => byUser.get(userId) ?? [],
    all: () => [...byUser.values()].flatMap((sessions) => [...sessions]),
    async register(entry) {
      const one: Known = { entry };
      known.set(entry.sessionId, one);
      try {
        await register(one);
      } catch (error) {
        known.delete(entry.sessionId);
        leftovers.set(entry.sessionId, entry); // it may have been done
        throw error;
      }
    },
    unregister,
    registerAll: () => inSlices([...known.values()], register),
    async settle() {
      const again = [...unsettled].flatMap((sessionId) => known.get(sessionId) ?? []);
      try {
        await inSlices(again, register);
        await inSlices([...leftovers.values()], unregister);
      } catch (error) {
        logger.warn({ err: error }, 'sessions cannot be compared with the registry');
      }
    },
    open(session) {
      const { userId, sessionId } = session.entry;
      const one = known.get(sessionId);
      if (!one) throw new Error('a session was opened that is not registered');
      one.session = session;
      byUser.set(userId, (byUser.get(userId) ?? new Set<Session>()).add(session));
      if (one.endReason) session.close(one.endReason);
      else makeRoom(one);
    },
    end,
    closed(session) {
      const { userId, sessionId } = session.entry;
      const sessions = byUser.get(userId);
      sessions?.delete(session);
      if (sessions?.size === 0) byUser.delete(userId);
      unsettled.delete(sessionId);
      inBackground(logger, unregister(session.entry), 'unregister');
    },
  };
}

async function inSlices<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += callsMax) {
    await Promise.all(items.slice(from, from + callsMax).map(task));
  }
}

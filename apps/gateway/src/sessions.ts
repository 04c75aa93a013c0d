// The sessions of this gateway: who is connected, who gives way to whom, and the registry's copy of it.
import type { SessionEntry, SessionRegistry, UserId } from '@parley/domain';
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
  unregister(entry: SessionEntry): Promise<void>;
  /** Registers all of them again: the registry may have lost some. */
  registerAll(): Promise<void>;
  open(session: Session): void;
  closed(session: Session): void;
}

export interface SessionsOptions {
  readonly registry: SessionRegistry;
  readonly sessionsPerUserMax: number;
  readonly logger: GatewayLogger;
}

/** Registrations that are under way at once when all are made again. */
const registrationsMax = 256;

export function createSessions({ registry, sessionsPerUserMax, logger }: SessionsOptions): Sessions {
  /** Also those whose socket is not open yet: a lapsed lease must not forget them. */
  const registered = new Map<string, SessionEntry>();
  const byUser = new Map<UserId, Set<Session>>();

  async function unregister(entry: SessionEntry): Promise<void> {
    registered.delete(entry.sessionId);
    await registry.unregister(entry).catch((error: unknown) => {
      // It costs a needless publish now and then, and dies with this gateway's lease.
      logger.warn({ err: error }, 'a session stays in the registry');
    });
  }

  async function registerAgain(entry: SessionEntry): Promise<void> {
    await registry.register(entry);
    if (!registered.has(entry.sessionId)) await unregister(entry); // it closed meanwhile
  }

  return {
    get size() {
      return registered.size;
    },
    ofUser: (userId) => byUser.get(userId) ?? [],
    all: () => [...byUser.values()].flatMap((sessions) => [...sessions]),
    async register(entry) {
      registered.set(entry.sessionId, entry);
      try {
        await registry.register(entry);
      } catch (error) {
        registered.delete(entry.sessionId);
        throw error;
      }
    },
    unregister,
    async registerAll() {
      const entries = [...registered.values()];
      for (let from = 0; from < entries.length; from += registrationsMax) {
        await Promise.all(entries.slice(from, from + registrationsMax).map(registerAgain));
      }
    },
    open(session) {
      const { userId } = session.entry;
      const others = byUser.get(userId) ?? new Set<Session>();
      byUser.set(userId, others);
      for (const other of others) if (isSame(other, session)) other.close('superseded');
      // A set keeps the order of arrival, so its first is the oldest. Closing one takes it out of the set.
      const tooMany = Math.max(0, others.size + 1 - sessionsPerUserMax);
      for (const oldest of [...others].slice(0, tooMany)) oldest.close('tooManySessions');
      byUser.set(userId, others.add(session));
    },
    closed(session) {
      const { userId } = session.entry;
      const sessions = byUser.get(userId);
      sessions?.delete(session);
      if (sessions?.size === 0) byUser.delete(userId);
      inBackground(logger, unregister(session.entry), 'unregister');
    },
  };
}

const isSame = (one: Session, other: Session): boolean =>
  one.entry.deviceId === other.entry.deviceId && one.name === other.name;

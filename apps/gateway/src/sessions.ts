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

export const createSessions = (options: SessionsOptions): Sessions => new GatewaySessions(options);

class GatewaySessions implements Sessions {
  readonly #options: SessionsOptions;
  /** Also those whose socket is not open yet: a lapsed lease must not forget them. */
  readonly #known = new Map<string, Known>();
  readonly #byUser = new Map<UserId, Set<Session>>();
  /** Those that told another gateway something: until the registry shows that it was done. */
  readonly #unsettled = new Set<string>();
  /** Those that are gone from here and perhaps not from the registry, where they count and are published to. */
  readonly #leftovers = new Map<string, SessionId>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#known.size;
  }

  ofUser(userId: UserId): Iterable<Session> {
    return this.#byUser.get(userId) ?? [];
  }

  all(): readonly Session[] {
    return [...this.#byUser.values()].flatMap((sessions) => [...sessions]);
  }

  async register(entry: SessionEntry): Promise<void> {
    const one: Known = { entry };
    this.#known.set(entry.sessionId, one);
    try {
      await this.#write(one);
    } catch (error) {
      this.#known.delete(entry.sessionId);
      this.#leftovers.set(entry.sessionId, entry); // it may have been done
      throw error;
    }
  }

  async unregister(session: SessionId): Promise<void> {
    const { registry, logger } = this.#options;
    this.#known.delete(session.sessionId);
    try {
      await registry.unregister(session);
      this.#leftovers.delete(session.sessionId);
    } catch (error) {
      this.#leftovers.set(session.sessionId, session);
      logger.warn({ err: error }, 'a session stays in the registry for now');
    }
  }

  async registerAll(): Promise<void> {
    await inSlices([...this.#known.values()], (one) => this.#write(one));
  }

  async settle(): Promise<void> {
    const again = [...this.#unsettled].flatMap((sessionId) => this.#known.get(sessionId) ?? []);
    try {
      await inSlices(again, (one) => this.#write(one));
      await inSlices([...this.#leftovers.values()], (session) => this.unregister(session));
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'sessions cannot be compared with the registry');
    }
  }

  open(session: Session): void {
    const { userId, sessionId } = session.entry;
    const one = this.#known.get(sessionId);
    if (!one) throw new Error('a session was opened that is not registered');
    one.session = session;
    this.#byUser.set(userId, (this.#byUser.get(userId) ?? new Set<Session>()).add(session));
    if (one.endReason) session.close(one.endReason);
    else this.#makeRoom(one);
  }

  end({ userId, sessionId, reason }: EndSession): void {
    const one = this.#known.get(sessionId);
    if (one?.session) one.session.close(reason);
    else if (one) one.endReason = reason;
    else inBackground(this.#options.logger, this.unregister({ userId, sessionId }), 'unregister');
  }

  closed(session: Session): void {
    const { userId, sessionId } = session.entry;
    const sessions = this.#byUser.get(userId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(userId);
    this.#unsettled.delete(sessionId);
    inBackground(this.#options.logger, this.unregister(session.entry), 'unregister');
  }

  /** Again, it keeps its place: the time it arrived. */
  async #write(one: Known): Promise<void> {
    const { registration, entry } = one;
    const arrived = registration && { arrivedTs: registration.arrivedTs };
    one.registration = await this.#options.registry.register({ ...entry, ...arrived });
    if (this.#known.get(entry.sessionId) !== one) return this.unregister(entry); // it closed meanwhile
    if (one.session) this.#makeRoom(one);
  }

  #makeRoom(one: Known): void {
    const { gatewayId, bus, sessionsPerUserMax } = this.#options;
    this.#unsettled.delete(one.entry.sessionId);
    for (const [{ userId, sessionId, ...its }, reason] of givingWay(this.#beside(one), sessionsPerUserMax)) {
      if (its.gatewayId === gatewayId) {
        this.end({ userId, sessionId, reason });
      } else {
        this.#unsettled.add(one.entry.sessionId);
        bus.endSession(its.gatewayId, { userId, sessionId, reason });
      }
    }
  }

  /** The user's sessions: what the registry said, with what is known better here, who of this gateway there is. */
  #beside({ entry, registration }: Known): readonly ArrivedSession[] {
    const { gatewayId } = this.#options;
    const elsewhere = registration?.others.filter((other) => other.gatewayId !== gatewayId) ?? [];
    const here = [...this.ofUser(entry.userId)].flatMap(({ entry: own }) => {
      const arrivedTs = this.#known.get(own.sessionId)?.registration?.arrivedTs;
      return arrivedTs === undefined ? [] : { ...own, arrivedTs };
    });
    return [...elsewhere, ...here];
  }
}

async function inSlices<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += callsMax) {
    await Promise.all(items.slice(from, from + callsMax).map(task));
  }
}

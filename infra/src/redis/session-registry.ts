// Who is connected where, for a fleet, in Redis or Valkey. Nothing here must survive: a wiped or failed-over server is noticed
// by the gateways' next renewal, which answers false, and they write their sessions again.
import type {
  ArrivedSession,
  GatewayId,
  Registration,
  SessionEntry,
  SessionRegistry,
  TimestampMs,
  UserId,
  World,
} from '@parley/domain';
import { Calls } from './calls.ts';
import { connectRedis, type RedisConnection, type RedisOptions } from './connection.ts';
import { createKeys, gatewayOfValue, sessionOfValue, type Keys } from './keys.ts';
import { registerSession, removeValues, type Written } from './scripts.ts';
import { OwnSessions, type OwnSession } from './own-sessions.ts';

const hourMs = 3_600_000;

export const SESSIONS = {
  /** A user's hash is gone so long after its last write: what a dead gateway left behind, of a user nobody writes to. */
  ttlMs: 24 * hourMs,
  rewriteAfterMs: hourMs,
  /** With a renewal each ten seconds, 360,000 sessions in an hour. */
  rewritesPerRenewalMax: 1_000,
  /** Asked in one round trip; more users take several, one after the other. */
  usersPerPipelineMax: 1_000,
  /** Users whose dead entries one look-up removes; the next one goes on. */
  cleanUpsMax: 100,
  /** How long gateways are listed after their leases: far beyond any lease and any clock's error, for each costs a question. */
  gatewayRememberedMs: hourMs,
} as const;

export interface RedisSessionRegistryOptions extends RedisOptions {
  /** The first part of all keys, for deployments that share a server. */
  readonly namespace?: string;
}

/** Resolves once connected; rejects with RegistryUnavailable when that takes too long. */
export async function openSessionRegistry(options: RedisSessionRegistryOptions): Promise<SessionRegistry & Disposable> {
  return new RedisSessionRegistry(await connectRedis(options), options);
}

/** On a connection that others use, too; its owner closes it. */
export const createSessionRegistry = (
  connection: RedisConnection,
  options: Omit<RedisSessionRegistryOptions, 'urls'>,
): SessionRegistry => new RedisSessionRegistry(connection, options);

class RedisSessionRegistry implements SessionRegistry, Disposable {
  readonly #connection: RedisConnection;
  readonly #world: Pick<World, 'now'>;
  readonly #report: RedisOptions['report'];
  readonly #calls: Calls;
  readonly #keys: Keys;
  readonly #own = new OwnSessions();
  /** Leases this process renewed, with the interruptions it had seen by then. */
  readonly #renewals = new Map<GatewayId, number>();
  /** Live at the last look-up, so that the next one asks for them along with the users. */
  #likelyAlive: ReadonlySet<GatewayId> = new Set();
  #writes = 0;

  constructor(
    connection: RedisConnection,
    { world, report, namespace = 'parley' }: Omit<RedisSessionRegistryOptions, 'urls'>,
  ) {
    this.#connection = connection;
    this.#world = world;
    this.#report = report;
    this.#calls = new Calls(world, { answered: connection.answered });
    this.#keys = createKeys(namespace);
  }

  /** One round trip, and another for the leases when the user has sessions on other gateways. */
  async register(entry: OwnSession): Promise<Registration> {
    try {
      return await this.#calls.call(async () => {
        const { arrivedTs, values } = await this.#write(entry);
        const others = values.filter(([sessionId]) => sessionId !== entry.sessionId);
        return { arrivedTs, others: await this.#onLiveGateways(entry, others) };
      });
    } catch (error) {
      this.#own.forget(entry);
      throw error;
    }
  }

  async unregister(session: Pick<SessionEntry, 'userId' | 'sessionId'>): Promise<void> {
    this.#own.forget(session);
    await this.#calls.call(() => this.#client.hdel(this.#keys.session(session.userId), session.sessionId));
  }

  async gatewaysOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly GatewayId[]>> {
    return this.#calls.call(async () => {
      const found = new Map<UserId, readonly GatewayId[]>();
      for (let from = 0; from < userIds.length; from += SESSIONS.usersPerPipelineMax) {
        await this.#lookUp(userIds.slice(from, from + SESSIONS.usersPerPipelineMax), found);
      }
      return found;
    });
  }

  async renewLease(gatewayId: GatewayId, until: TimestampMs): Promise<boolean> {
    const { interruptions } = this.#connection;
    // A renewal that was refused or given up may have been done: then a lease that is there proves nothing.
    const isUnbroken = this.#renewals.get(gatewayId) === interruptions;
    this.#renewals.delete(gatewayId);
    const wasThere = await this.#calls.call(() => this.#renew(gatewayId, until));
    this.#renewals.set(gatewayId, interruptions);
    this.#rewriteStale();
    return wasThere && isUnbroken;
  }

  /** One read. What it sees while the link is unbroken was written over this very link. */
  async holdsLease(gatewayId: GatewayId): Promise<boolean> {
    const isThere = await this.#calls.call(async () => this.#client.exists(this.#keys.lease(gatewayId)));
    return isThere === 1 && this.#renewals.get(gatewayId) === this.#connection.interruptions;
  }

  async endLease(gatewayId: GatewayId): Promise<void> {
    this.#renewals.delete(gatewayId);
    await this.#calls.call(() =>
      Promise.all([this.#client.del(this.#keys.lease(gatewayId)), this.#client.zrem(this.#keys.gateways, gatewayId)]),
    );
  }

  async gateways(): Promise<readonly GatewayId[]> {
    return this.#calls.call(async () => [
      ...(await this.#alive(await this.#client.zrange(this.#keys.gateways, '0', '-1'))),
    ]);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  get #client() {
    return this.#connection.client;
  }

  async #write(entry: OwnSession): Promise<Written> {
    const now = this.#world.now();
    this.#own.written(entry, now);
    this.#writes += 1;
    const key = this.#keys.session(entry.userId);
    const written = await registerSession(this.#client, key, {
      entry,
      number: this.#writes,
      now,
      ttlMs: SESSIONS.ttlMs,
    });
    this.#own.arrived(entry, written.arrivedTs);
    return written;
  }

  /** Whoever registers is alive itself. */
  async #onLiveGateways(
    { userId, gatewayId }: SessionEntry,
    values: Written['values'],
  ): Promise<readonly ArrivedSession[]> {
    const sessions = values.map(([sessionId, value]) => sessionOfValue(userId, sessionId, value));
    const elsewhere = new Set(sessions.map((session) => session.gatewayId)).difference(new Set([gatewayId]));
    const alive = elsewhere.size === 0 ? new Set<GatewayId>() : await this.#alive([...elsewhere]);
    alive.add(gatewayId);
    return sessions.filter((session) => alive.has(session.gatewayId));
  }

  /** Whether the lease was there: one command reads and writes it. */
  async #renew(gatewayId: GatewayId, until: TimestampMs): Promise<boolean> {
    const now = this.#world.now();
    const { gateways } = this.#keys;
    const [before] = await Promise.all([
      this.#client.set(this.#keys.lease(gatewayId), '', 'PX', Math.max(1, Math.ceil(until - now)), 'GET'),
      this.#client.zadd(gateways, until, gatewayId),
      this.#client.zremrangebyscore(gateways, '-inf', now - SESSIONS.gatewayRememberedMs),
      this.#client.pexpire(gateways, SESSIONS.gatewayRememberedMs),
    ]);
    return before !== null;
  }

  #rewriteStale(): void {
    const stale = this.#own.staleAt(this.#world.now() - SESSIONS.rewriteAfterMs, SESSIONS.rewritesPerRenewalMax);
    if (stale.length > 0) this.#inBackground(() => Promise.all(stale.map((entry) => this.#write(entry))));
  }

  /** One round trip, and another only when a gateway turns up that the last look-up did not see alive. */
  async #lookUp(userIds: readonly UserId[], found: Map<UserId, readonly GatewayId[]>): Promise<void> {
    const asked = this.#likelyAlive;
    const [valuesOfAll, alive] = await Promise.all([
      Promise.all(userIds.map((userId) => this.#client.hvals(this.#keys.session(userId)))),
      this.#alive([...asked]),
    ]);
    const others = new Set(valuesOfAll.flat().map(gatewayOfValue)).difference(asked);
    for (const gatewayId of others.size > 0 ? await this.#alive([...others]) : []) alive.add(gatewayId);
    this.#likelyAlive = alive;
    for (const [index, userId] of userIds.entries()) {
      const gateways = new Set(valuesOfAll[index]?.map(gatewayOfValue)).intersection(alive);
      if (gateways.size > 0) found.set(userId, [...gateways]);
    }
    this.#cleanUp(userIds, (index) => valuesOfAll[index]?.filter((value) => !alive.has(gatewayOfValue(value))) ?? []);
  }

  /** Which of them have a lease. */
  async #alive(gatewayIds: readonly GatewayId[]): Promise<Set<GatewayId>> {
    const leases = await Promise.all(gatewayIds.map((gatewayId) => this.#client.exists(this.#keys.lease(gatewayId))));
    return new Set(gatewayIds.filter((_, index) => leases[index] === 1));
  }

  #cleanUp(userIds: readonly UserId[], deadValuesOf: (index: number) => readonly string[]): void {
    const dead = userIds
      .map((userId, index) => ({ key: this.#keys.session(userId), values: deadValuesOf(index) }))
      .filter(({ values }) => values.length > 0)
      .slice(0, SESSIONS.cleanUpsMax);
    if (dead.length === 0) return;
    this.#inBackground(() =>
      Promise.all(dead.map(({ key, values }) => this.#client.eval(removeValues, 1, key, ...values))),
    );
  }

  /** Work that a later call does again should it fail. */
  #inBackground(task: () => Promise<unknown>): void {
    this.#calls.call(task).catch((error: unknown) => this.#report({ type: 'redis-error', cause: error }));
  }
}

// Who is connected where, and how frames get there: what delivery and the gateways mean alike.
// `infra/memory` holds sessions for one process, a later adapter in Redis; frames travel over core NATS.
import type { Position, Shard, UserId } from './ids.ts';
import type { TimestampMs } from './world.ts';

/** New for every start of a gateway process, so that a dead one's entries are never taken for a live one's. */
export type GatewayId = string;

export interface SessionEntry {
  readonly userId: UserId;
  /** The connection's own, never used twice. */
  readonly sessionId: string;
  readonly deviceId: string;
  /** What the client calls this session; without spaces. Of several with an equal (device, name) the newest stays. */
  readonly name: string;
  readonly gatewayId: GatewayId;
}

/** A session with its place among the others of its user. */
export interface ArrivedSession extends SessionEntry {
  /** About when it came; rises from each registration of a user's session to the next, however far apart gateways' clocks are. */
  readonly arrivedTs: TimestampMs;
}

export interface Registration {
  readonly arrivedTs: TimestampMs;
  /** The user's other sessions on gateways with a live lease, this one's own gateway included. */
  readonly others: readonly ArrivedSession[];
}

/**
 * Lost entries cost live frames, never data: a gateway whose lease is gone, or may have been, registers its sessions again.
 * Every method rejects with RegistryUnavailable, after a bounded time, when the registry cannot be reached.
 */
export interface SessionRegistry {
  /**
   * Visible to every look-up that begins after it resolves. A user's registrations happen one after the other: of two at once,
   * the later one is told of the earlier one. Doing it again changes nothing; with the time it arrived it keeps its place also
   * where it was forgotten.
   */
  register(entry: SessionEntry & { readonly arrivedTs?: TimestampMs }): Promise<Registration>;
  unregister(session: Pick<SessionEntry, 'userId' | 'sessionId'>): Promise<void>;
  /** Gateways, with a live lease, that hold a session of each user; users without one are absent. */
  gatewaysOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly GatewayId[]>>;
  /**
   * Keeps the gateway's entries alive until then. False when its lease had lapsed, or entries may have been lost in another
   * way: its sessions must register again.
   */
  renewLease(gatewayId: GatewayId, until: TimestampMs): Promise<boolean>;
  /** What `renewLease` would answer, by a read: cheap enough for every second. */
  holdsLease(gatewayId: GatewayId): Promise<boolean>;
  endLease(gatewayId: GatewayId): Promise<void>;
  /** Gateways with a live lease. */
  gateways(): Promise<readonly GatewayId[]>;
}

/** What was asked may have been done, or not: all of it can be asked again. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
}

/** What delivery publishes to one gateway: at most once, in order; holes show as `after` beyond the last `last`. */
export interface DeliveryBatch {
  readonly shard: Shard;
  /** The log's epoch. */
  readonly epoch: number;
  /** The previous batch's `last` to this gateway, or where this worker began. */
  readonly after: Position;
  readonly last: Position;
  readonly deliveries: readonly Delivery[];
}

/** One frame for all sessions of some users on that gateway. */
export interface Delivery {
  readonly position: Position;
  readonly userIds: readonly UserId[];
  /** A wire frame (`protocol/`), encoded once per format by the gateway. */
  readonly frame: object;
}

/** What one gateway asks of another: to close a session there that has to give way. */
export interface EndSession extends Pick<SessionEntry, 'userId' | 'sessionId'> {
  readonly reason: EndReason;
}

export type EndReason = 'superseded' | 'tooManySessions';

/** At most once, in order. */
export interface GatewayBus {
  publish(gatewayId: GatewayId, batch: DeliveryBatch): void;
  endSession(gatewayId: GatewayId, end: EndSession): void;
  /** Resolves when everything published so far has left this process. */
  flush(): Promise<void>;
  subscribe(gatewayId: GatewayId, on: GatewayListener): AsyncDisposable;
}

export interface GatewayListener {
  batch(batch: DeliveryBatch): void;
  endSession(end: EndSession): void;
  /** Something may have been lost on the way (a reconnect). */
  interrupted(): void;
}

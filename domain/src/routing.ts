// Who is connected where, and how frames get there: what delivery and the gateways mean alike.
// `infra/memory` holds sessions for one process, a later adapter in Redis; frames travel over core NATS.
import type { Position, Shard, UserId } from './ids.ts';
import type { TimestampMs } from './world.ts';

/** New for every start of a gateway process, so that a dead one's entries are never taken for a live one's. */
export type GatewayId = string;

export interface SessionEntry {
  readonly userId: UserId;
  readonly sessionId: string;
  readonly deviceId: string;
  readonly gatewayId: GatewayId;
}

/**
 * Lost entries cost live frames, never data: a gateway whose lease is gone, or may have been, registers its sessions again.
 * Every method rejects with RegistryUnavailable, after a bounded time, when the registry cannot be reached.
 */
export interface SessionRegistry {
  /** Visible to every look-up that begins after it resolves. */
  register(entry: SessionEntry): Promise<void>;
  unregister(entry: SessionEntry): Promise<void>;
  /** Gateways, with a live lease, that hold a session of each user; users without one are absent. */
  gatewaysOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly GatewayId[]>>;
  /**
   * Keeps the gateway's entries alive until then. False when its lease had lapsed, or entries may have been lost in another
   * way: its sessions must register again.
   */
  renewLease(gatewayId: GatewayId, until: TimestampMs): Promise<boolean>;
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

export interface GatewayBus {
  publish(gatewayId: GatewayId, batch: DeliveryBatch): void;
  /** Resolves when everything published so far has left this process. */
  flush(): Promise<void>;
  /** `onBatch` for every batch; `onInterrupted` when some may have been lost on the way (a reconnect). */
  subscribe(
    gatewayId: GatewayId,
    on: { readonly batch: (batch: DeliveryBatch) => void; readonly interrupted: () => void },
  ): AsyncDisposable;
}

// Who works on which shard of a role, where several processes share it. Leases only save work: readers are idempotent and
// gateways drop what they have, so two workers on one shard, or a lost lease, do no harm (docs/adr/0008-leases.md).
import type { Shard } from '@parley/domain';

/** New for every start of a process, so that a dead one's leases are never taken for a live one's. */
export type WorkerId = string;

export interface ShardClaim {
  /** Tried in this order: what the worker would rather keep comes first. */
  readonly shards: readonly Shard[];
  readonly countMax: number;
  readonly leaseMs: number;
}

/**
 * Leases end by themselves, by the store's own clock. What is lost is taken again by whoever asks first. Every method is one
 * round trip, works on all shards of a role at once, and rejects with LeasesUnavailable, after a bounded time, when the store
 * cannot be asked; then it may have been done, or not.
 */
export interface Leases {
  /** This worker counts for so long from now. Gives how many count, itself included. */
  join(role: string, worker: WorkerId, leaseMs: number): Promise<number>;
  /** Takes what is free and renews what is its own, in the order asked, `countMax` at most. Gives what it holds of them now. */
  acquire(role: string, worker: WorkerId, claim: ShardClaim): Promise<readonly Shard[]>;
  /** They are free at once; those another worker holds stay with it. */
  release(role: string, worker: WorkerId, shards: readonly Shard[]): Promise<void>;
  /** It does not count any more. Its leases are its own until it releases them, or they end. */
  leave(role: string, worker: WorkerId): Promise<void>;
  /** Who holds what, for operators; free shards are absent. */
  holders(role: string, shards: readonly Shard[]): Promise<ReadonlyMap<Shard, WorkerId>>;
}

export class LeasesUnavailable extends Error {
  override readonly name = 'LeasesUnavailable';
}

// One worker's part of a role: its fair share of the shards, held by leases, begun and ended as they come and go. It decides
// what is worked on here, never what is right: that does not depend on leases.
import { allShards, type Shard, type TimestampMs, type World } from '@parley/domain';
import type { Leases, WorkerId } from './leases.ts';

export const LEASES = {
  /** A worker that dies is missed for so long, and until the next renewal of another one. */
  leaseMs: 5_000,
  renewalsPerLease: 3,
} as const;

/** What is done for shards. */
export interface ShardWork {
  /** Called once, until it is ended. It may begin again while it still ends: it goes on after that. */
  begin(shard: Shard): void;
  /** Resolves when nothing more is done for the shard, unless it began again meanwhile. Never rejects. */
  end(shard: Shard): Promise<void>;
}

export interface LeaseTerms {
  readonly leases: Leases;
  /** Those who share the work have it in common: `delivery`, `projector-g1`. */
  readonly role: string;
  readonly worker: WorkerId;
  readonly observer: LeaseObserver;
}

export interface LeaseObserver {
  /** What this worker works on from now on. */
  shardsChanged(role: string, change: ShardChange): void;
  /** The leases could not be asked. What is under way goes on, and after a lease's time all shards are. */
  leasesUnavailable(role: string, error: unknown): void;
}

export interface ShardChange {
  readonly gained: readonly Shard[];
  readonly lost: readonly Shard[];
  readonly count: number;
}

export interface LeasedShardsOptions extends LeaseTerms {
  readonly shards: number;
  readonly world: Pick<World, 'now' | 'sleep'>;
  readonly work: ShardWork;
}

/** Works until disposed, which resolves when all work has ended and its shards are free. */
export function workOnLeasedShards(options: LeasedShardsOptions): AsyncDisposable {
  const { leases, role, worker, world, work, observer } = options;
  const all = allShards(options.shards);
  const active = new Set<Shard>();
  const ending = new Map<Shard, Promise<void>>();
  const stop = new AbortController();
  let unansweredSince: TimestampMs | undefined;

  const renewing = (async () => {
    while (!stop.signal.aborted) {
      await renew();
      await world.sleep(LEASES.leaseMs / LEASES.renewalsPerLease, stop.signal);
    }
  })();

  async function renew(): Promise<void> {
    const askedTs = world.now();
    try {
      workOn(await claim());
      unansweredSince = undefined;
    } catch (error) {
      observer.leasesUnavailable(role, error);
      unansweredSince ??= askedTs;
      // More work, never less service: whether another one works on them is not known.
      if (world.now() - unansweredSince >= LEASES.leaseMs) workOn(all);
    }
  }

  /** Its fair share: what it works on before anything else. */
  async function claim(): Promise<readonly Shard[]> {
    const workers = await leases.join(role, worker, LEASES.leaseMs);
    const others = all.filter((shard) => !active.has(shard));
    const countMax = Math.ceil(all.length / Math.max(1, workers));
    return leases.acquire(role, worker, { shards: [...active, ...others], countMax, leaseMs: LEASES.leaseMs });
  }

  function workOn(shards: readonly Shard[]): void {
    const wanted = new Set(shards);
    const gained = shards.filter((shard) => !active.has(shard));
    const lost = [...active].filter((shard) => !wanted.has(shard));
    for (const shard of gained) begin(shard);
    for (const shard of lost) end(shard);
    if (gained.length + lost.length > 0) observer.shardsChanged(role, { gained, lost, count: active.size });
  }

  function begin(shard: Shard): void {
    active.add(shard);
    work.begin(shard);
  }

  /** Free only when nothing more is done for it: the next worker then begins where this one ended. */
  function end(shard: Shard): void {
    active.delete(shard);
    const ended = endAndRelease(shard).finally(() => {
      if (ending.get(shard) === ended) ending.delete(shard);
    });
    ending.set(shard, ended);
  }

  async function endAndRelease(shard: Shard): Promise<void> {
    await work.end(shard);
    if (active.has(shard)) return;
    await leases.release(role, worker, [shard]).catch((error: unknown) => {
      observer.leasesUnavailable(role, error); // it ends by itself
    });
  }

  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await renewing;
      workOn([]);
      await Promise.all(ending.values());
      await leases.leave(role, worker).catch((error: unknown) => observer.leasesUnavailable(role, error));
    },
  };
}

// Leases of shards, for workers in one process: what tests and the simulation use.
import type { TimestampMs, World } from '@parley/domain';
import type { Leases, WorkerId } from '@parley/projections';

interface Lease {
  readonly worker: WorkerId;
  readonly untilTs: TimestampMs;
}

export function createLeases(world: Pick<World, 'now'>): Leases {
  const workers = new Map<string, Lease>();
  const leases = new Map<string, Lease>();
  const isLive = (lease: Lease | undefined): lease is Lease => lease !== undefined && lease.untilTs > world.now();
  const holder = (key: string): WorkerId | undefined => {
    const lease = leases.get(key);
    return isLive(lease) ? lease.worker : undefined;
  };

  return {
    async join(role, worker, leaseMs) {
      workers.set(`${role} ${worker}`, { worker, untilTs: world.now() + leaseMs });
      for (const [key, lease] of workers) if (!isLive(lease)) workers.delete(key);
      return workers
        .keys()
        .filter((key) => key.startsWith(`${role} `))
        .toArray().length;
    },
    async acquire(role, worker, { shards, countMax, leaseMs }) {
      const mayHave = shards.filter((shard) => [worker, undefined].includes(holder(`${role} ${shard}`)));
      const held = mayHave.slice(0, countMax);
      for (const shard of held) leases.set(`${role} ${shard}`, { worker, untilTs: world.now() + leaseMs });
      return held;
    },
    async release(role, worker, shards) {
      const own = shards.map((shard) => `${role} ${shard}`).filter((key) => holder(key) === worker);
      for (const key of own) leases.delete(key);
    },
    async leave(role, worker) {
      workers.delete(`${role} ${worker}`);
    },
    async holders(role, shards) {
      const held = shards.map((shard) => [shard, holder(`${role} ${shard}`)] as const);
      return new Map(held.flatMap(([shard, worker]) => (worker === undefined ? [] : [[shard, worker]])));
    },
  };
}

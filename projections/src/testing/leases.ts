// Leases of one role for unit tests: the port's promises over maps. It is not the adapter in memory
// (`infra/memory`), which packages below infra may not import.
import type { Shard } from '@parley/domain';
import type { Leases, WorkerId } from '../leases.ts';

export function createTestLeases(now: () => number): Leases {
  const joined = new Map<WorkerId, number>();
  const held = new Map<Shard, { readonly worker: WorkerId; readonly untilTs: number }>();
  const holder = (shard: Shard): WorkerId | undefined => {
    const lease = held.get(shard);
    return lease && lease.untilTs > now() ? lease.worker : undefined;
  };
  return {
    async join(_role, worker, leaseMs) {
      joined.set(worker, now() + leaseMs);
      return [...joined.values()].filter((untilTs) => untilTs > now()).length;
    },
    async acquire(_role, worker, { shards, countMax, leaseMs }) {
      const taken = shards.filter((shard) => (holder(shard) ?? worker) === worker).slice(0, countMax);
      for (const shard of taken) held.set(shard, { worker, untilTs: now() + leaseMs });
      return taken;
    },
    async release(_role, worker, shards) {
      for (const shard of shards) if (holder(shard) === worker) held.delete(shard);
    },
    async leave(_role, worker) {
      joined.delete(worker);
    },
    async holders(_role, shards) {
      const all = shards.map((shard) => [shard, holder(shard)] as const);
      return new Map(all.flatMap(([shard, worker]) => (worker === undefined ? [] : [[shard, worker]])));
    },
  };
}

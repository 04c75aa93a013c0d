import { allShards, type Shard } from '@parley/domain';
import { expect, it } from 'vitest';
import { createTestLog } from '@parley/domain/testing';
import { DELIVERY } from './delivery.ts';
import { runDelivery } from './run-delivery.ts';
import { createSurroundings } from './testing/surroundings.ts';

/** Delivery whose pauses end when the test says so; leases give it the shards the test says. */
function createRig() {
  const log = createTestLog({ shards: 3 });
  const { deps, done, take } = createSurroundings(log, { alice: ['gw-1'] });
  const pauses: { readonly ms: number; readonly end: () => void }[] = [];
  const held = new Set<Shard>();
  const failures: unknown[] = [];
  const running = runDelivery({
    ...deps,
    log,
    world: {
      ...deps.world,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const pause = { ms, end: resolve };
          pauses.push(pause);
          if (signal?.aborted) resolve();
          signal?.addEventListener('abort', () => resolve());
        }),
    },
    observer: {
      applied: () => undefined,
      retrying: () => undefined,
      stopped: () => undefined,
      beatFailed: (error) => failures.push(error),
    },
    lease: {
      role: 'delivery',
      worker: 'us',
      leases: {
        join: async () => 1,
        acquire: async () => [...held],
        release: async () => undefined,
        leave: async () => undefined,
        holders: async () => new Map(),
      },
      observer: { shardsChanged: () => undefined, leasesUnavailable: () => undefined },
    },
  });
  /** Ends every pause that is this long. */
  const wake = async (ms: number): Promise<void> => {
    for (const pause of pauses.filter((each) => each.ms === ms)) pause.end();
    await new Promise((resolve) => void setTimeout(resolve, 5));
  };
  const heard = () => take('gw-1').map(({ shard }) => shard);
  return { done, held, heard, wake, failures, running, renew: () => wake(5_000 / 3) };
}

it('tells gateways of shards soon after it gained them, and of all it has with each heartbeat', async () => {
  const { held, heard, wake, failures, running, renew } = createRig();
  await wake(DELIVERY.heartbeatMs);
  expect(heard()).toEqual([]);
  held.add(1 as Shard);
  await renew();
  await wake(DELIVERY.firstBeatMs);
  expect(heard()).toEqual([1]);
  for (const shard of allShards(3)) held.add(shard);
  await renew();
  await wake(DELIVERY.firstBeatMs);
  expect(heard()).toEqual([1, 0, 2]);
  await wake(DELIVERY.heartbeatMs);
  expect(heard()).toEqual([1, 0, 2]);
  held.delete(1 as Shard);
  await renew();
  heard();
  await wake(DELIVERY.heartbeatMs);
  expect(heard()).toEqual([0, 2]);
  await running[Symbol.asyncDispose]();
  expect(failures).toEqual([]);
});

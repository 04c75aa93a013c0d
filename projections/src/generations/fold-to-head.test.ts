import { LogUnavailable, NO_POSITION, type EventLog, type Shard } from '@parley/domain';
import { alice, createTestLog, createTestWorld, said } from '@parley/domain/testing';
import { expect, test } from 'vitest';
import { StoreUnavailable } from '../projection.ts';
import { createTestTimeline } from '../testing/stores.ts';
import { timeline } from '../timeline/timeline.ts';
import { foldToHead } from './fold-to-head.ts';

const observer = {
  applied: () => undefined,
  retrying: () => undefined,
  stopped: () => undefined,
  parked: () => undefined,
  passedOver: () => undefined,
  voided: () => undefined,
};

interface Failing {
  /** Of the log, asked for its head so many times. */
  readonly failure?: Error;
  readonly failures?: number;
  readonly beforeStore?: () => undefined;
}

/** How far it came. */
async function folded(events: number, { failure = new Error('never'), failures = 0, beforeStore }: Failing) {
  const log = createTestLog();
  for (let count = 0; count < events; count++) log.put(said('hello'), { actorId: alice });
  let left = failures;
  const flaky: EventLog = {
    ...log,
    shards: log.shards,
    head: (shard) => (left-- > 0 ? Promise.reject(failure) : log.head(shard)),
  };
  const store = createTestTimeline(beforeStore);
  const result = await foldToHead({
    log: flaky,
    world: createTestWorld(),
    projection: timeline,
    store,
    generation: 1,
    observer,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return { result, checkpoint: await store.checkpoint(0 as Shard) };
}

test('it goes on while the log cannot be asked how much there is', async () => {
  const { result, checkpoint } = await folded(3_000, { failure: new LogUnavailable('no leader'), failures: 5 });
  expect(result.total).toBe(3_000);
  expect(checkpoint).toBeGreaterThan(NO_POSITION);
});

test('it goes on while the store cannot tell how far it is', async () => {
  let left = 3;
  const away = (): undefined => {
    if (left-- > 0) throw new StoreUnavailable('away');
  };
  const { result, checkpoint } = await folded(3_000, { beforeStore: away });
  expect(result.total).toBe(3_000);
  expect(checkpoint).toBeGreaterThan(NO_POSITION);
});

test('what no retry can mend ends it', async () => {
  await expect(folded(10, { failure: new TypeError('a mistake'), failures: 1 })).rejects.toThrow('a mistake');
});

import type { Position, Shard, StoredEvent } from '@parley/domain';
import { expect, it } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { Metrics } from './metrics.ts';
import { watchReaderLag, type ReaderLag } from './reader-lag.ts';

const storedTs = 10_000;

/** A log of one shard whose event at each position is stored a second after the one before; everything changes under way. */
function createRig(changed: Partial<ReaderLag['log']> = {}) {
  const state = { head: 5, checkpoint: 3, isStoreAway: false, nowTs: 16_000, asked: 0 };
  const metrics = new Metrics((error) => {
    throw error;
  });
  watchReaderLag({
    metrics,
    log: {
      shards: 1,
      head: async () => state.head as Position,
      async readOne(_shard: Shard, at: Position) {
        state.asked++;
        return { storedTs: storedTs + at * 1_000 } as StoredEvent;
      },
      ...changed,
    },
    readers: () => [
      {
        name: 'timeline-g1',
        checkpoint: () =>
          state.isStoreAway ? Promise.reject(new Error('away')) : Promise.resolve(state.checkpoint as Position),
      },
    ],
    world: { ...createWorld(), now: () => state.nowTs },
  });
  const labels = '{reader="timeline-g1",shard="0"}';
  const lag = async (): Promise<readonly (number | undefined)[]> => {
    const text = await metrics.text();
    const valueOf = (name: string): number | undefined => {
      const line = text.split('\n').find((each) => each.startsWith(`${name}${labels} `));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    };
    return [valueOf('parley_reader_lag_events'), valueOf('parley_reader_lag_seconds')];
  };
  return { state, lag };
}

it('is the number of events beyond the checkpoint, and the age of the first of them', async () => {
  const { state, lag } = createRig();
  expect(await lag()).toEqual([2, 2]); // 16 s - 14 s
  state.checkpoint = 5;
  expect(await lag()).toEqual([0, 0]);
});

it('goes on rising while the store of the checkpoint is away', async () => {
  const { state, lag } = createRig();
  await lag();
  state.isStoreAway = true;
  state.head = 9;
  state.nowTs += 30_000;
  expect(await lag()).toEqual([6, 32]);
  state.isStoreAway = false;
  state.checkpoint = 9;
  expect(await lag()).toEqual([0, 0]);
});

it('does not make a scrape wait for a store that does not answer', async () => {
  let isSilent = false;
  const never = new Promise<never>(() => undefined);
  const { state, lag } = createRig({ head: () => (isSilent ? never : Promise.resolve(5 as Position)) });
  expect(await lag()).toEqual([2, 2]);
  isSilent = true;
  state.nowTs += 1_000;
  expect(await lag()).toEqual([2, 3]);
});

it('is counted from its first sight where the event cannot be read', async () => {
  let isReadable = true;
  const { state, lag } = createRig({
    readOne: async (_shard, at) => {
      if (!isReadable) throw new Error('malformed');
      return { storedTs: storedTs + at * 1_000 } as StoredEvent;
    },
  });
  expect(await lag()).toEqual([2, 2]);
  isReadable = false;
  state.checkpoint = 4;
  expect(await lag()).toEqual([1, 0]);
  state.nowTs += 7_000;
  expect(await lag()).toEqual([1, 7]);
});

it('is not told of a reader whose checkpoint was never known', async () => {
  const { state, lag } = createRig();
  state.isStoreAway = true;
  expect(await lag()).toEqual([undefined, undefined]);
});

it('asks the log for an event once, not with every scrape', async () => {
  const { state, lag } = createRig();
  await lag();
  await lag();
  expect(state.asked).toBe(1);
  state.checkpoint = 4;
  expect(await lag()).toEqual([1, 1]);
  expect(state.asked).toBe(2);
});

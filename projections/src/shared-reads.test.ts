import type { Position, Shard, StoredEvent } from '@parley/domain';
import { alice, clientId, createTestLog, said, startTs, type TestLog } from '@parley/domain/testing';
import { expect, test } from 'vitest';
import { SHARED_READS, shareReads } from './shared-reads.ts';

const shard = 0 as Shard;

test('two readers at the head share one read, and both see everything', async () => {
  const { log, reads, say } = opened();
  say(3);
  const one = follow(reads, 0);
  const two = follow(reads, 0);
  await expect.poll(() => [one.last(), two.last()]).toEqual([3, 3]);
  say(2);
  await expect.poll(() => [one.last(), two.last()]).toEqual([5, 5]);
  expect(readsOf(log)).toBe(1);
  expect(one.positions()).toEqual([1, 2, 3, 4, 5]);
  expect(two.positions()).toEqual(one.positions());
  await Promise.all([one.stop(), two.stop()]);
});

test('one that joins later goes on from what is kept', async () => {
  const { log, reads, say } = opened();
  say(10);
  const one = follow(reads, 0);
  await expect.poll(() => one.last()).toBe(10);
  const two = follow(reads, 4);
  await expect.poll(() => two.positions()).toEqual([5, 6, 7, 8, 9, 10]);
  expect(readsOf(log)).toBe(1);
  await Promise.all([one.stop(), two.stop()]);
});

test('one far behind reads alone until it has caught up, and then takes part', async () => {
  const { log, reads, say } = opened();
  say(SHARED_READS.eventsKeptMax * 3);
  const one = follow(reads, SHARED_READS.eventsKeptMax * 3 - 1);
  await expect.poll(() => one.last()).toBe(SHARED_READS.eventsKeptMax * 3);
  const two = follow(reads, 0);
  await expect.poll(() => two.last()).toBe(one.last());
  expect(readsOf(log)).toBe(2);
  say(1);
  await expect.poll(() => [one.last(), two.last()]).toEqual(Array(2).fill(SHARED_READS.eventsKeptMax * 3 + 1));
  expect(readsOf(log)).toBe(2);
  expect(two.positions()).toEqual(Array.from({ length: two.last() }, (_, index) => index + 1));
  await Promise.all([one.stop(), two.stop()]);
});

test('a reader that waits for nobody does not lose a slow one', async () => {
  const { reads, say } = opened();
  const { promise: delay, resolve: goOn } = Promise.withResolvers<void>();
  const slow = follow(reads, 0, () => delay);
  const quick = follow(reads, 0);
  for (let round = 0; round < 4; round++) {
    say(SHARED_READS.eventsKeptMax);
    await expect.poll(() => quick.last()).toBe((round + 1) * SHARED_READS.eventsKeptMax);
  }
  goOn();
  await expect.poll(() => slow.last()).toBe(quick.last());
  expect(slow.positions()).toEqual(quick.positions());
  await Promise.all([slow.stop(), quick.stop()]);
});

test('the read ends with its last reader, and the next one begins another', async () => {
  const { log, reads, say } = opened();
  say(1);
  const one = follow(reads, 0);
  const two = follow(reads, 0);
  await expect.poll(() => [one.last(), two.last()]).toEqual([1, 1]);
  await one.stop();
  say(1);
  await expect.poll(() => two.last()).toBe(2);
  expect(readsOf(log)).toBe(1);
  await two.stop();
  const three = follow(reads, 2);
  say(1);
  await expect.poll(() => three.last()).toBe(3);
  expect(readsOf(log)).toBe(2);
  await three.stop();
});

test('a failure reaches everyone who waits, and is not kept', async () => {
  let failure: Error | undefined = new Error('away');
  const { reads, say } = opened(() => failure);
  const one = follow(reads, 0);
  const two = follow(reads, 0);
  await expect(one.ended).rejects.toThrow('away');
  await expect(two.ended).rejects.toThrow('away');
  failure = undefined;
  say(1);
  const again = follow(reads, 0);
  await expect.poll(() => again.last()).toBe(1);
  await again.stop();
});

test('one that is slower than the others does not go round and round when their read has failed', async () => {
  let isAway = false;
  const away = new Error('away');
  const { reads, say } = opened(() => (isAway ? away : undefined));
  say(1);
  const { promise: delay, resolve: goOn } = Promise.withResolvers<void>();
  let fail = (_error: Error): void => undefined;
  const failing = new Promise<never>((_, reject) => (fail = reject));
  failing.catch(() => undefined);
  const broken = shareReads(
    {
      ...reads,
      async *read(shard, after, options) {
        for await (const events of reads.read(shard, after, options)) {
          yield events;
          await failing;
        }
      },
    },
    'broken',
  );
  const slow = follow(broken, 0, () => delay);
  const quick = follow(broken, 0);
  await expect.poll(() => [slow.last(), quick.last()]).toEqual([1, 1]);
  isAway = true;
  fail(away);
  await expect(quick.ended).rejects.toThrow('away');
  goOn();
  await expect(slow.ended).rejects.toThrow('away');
});

function opened(failure: () => Error | undefined = () => undefined) {
  const log = createTestLog({
    before(call) {
      const error = call === 'read' ? failure() : undefined;
      if (error) throw error;
    },
  });
  const say = (count: number): void => {
    for (let nth = 0; nth < count; nth++)
      log.put(said('hello', clientId(startTs, log.events().length)), { actorId: alice });
  };
  return { log, reads: shareReads(log, 'shared'), say };
}

const readsOf = (log: TestLog): number => log.calls.filter((call) => call === 'read').length;

function follow(reads: Pick<TestLog, 'read'>, after: number, pause = async (): Promise<void> => undefined) {
  const seen: StoredEvent[] = [];
  const stopping = new AbortController();
  const ended = (async () => {
    for await (const events of reads.read(shard, after as Position, { reader: 'test', signal: stopping.signal })) {
      seen.push(...events);
      await pause();
    }
  })();
  ended.catch(() => undefined);
  return {
    ended,
    positions: () => seen.map(({ position }) => Number(position)),
    last: () => seen.at(-1)?.position ?? after,
    stop: () => (stopping.abort(), ended),
  };
}

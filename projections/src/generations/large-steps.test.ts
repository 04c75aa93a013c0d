import { position, shardOf, type ConversationId, type Shard, type StoredEvent } from '@parley/domain';
import { alice, clientId, createTestLog, said, startTs } from '@parley/domain/testing';
import { expect, test } from 'vitest';
import { inLargeSteps, LARGE_STEPS } from './large-steps.ts';

const shards = LARGE_STEPS.shardsAtOnce + 2;
const many = 2 * LARGE_STEPS.eventsMin + 700;

test('who is far behind gets every event in order, many at a time, and at the head each as it comes', async () => {
  const { log, say } = opened();
  say(0, many);
  const { next, leave } = read(log, 0);
  const steps = [await next(), await next(), await next()];
  expect(steps.map(({ length }) => length >= LARGE_STEPS.eventsMin)).toEqual([true, true, false]);
  const positions = steps.flat().map((stored) => stored.position);
  expect(positions).toEqual(Array.from({ length: many }, (_, index) => index + 1));
  const coming = next();
  say(0, 1);
  expect((await coming).map((stored) => stored.position)).toEqual([many + 1]);
  await leave();
});

test('few shards are read at a time, and each that has come to its head lets another one begin', async () => {
  const { log, say } = opened();
  for (let shard = 0; shard < shards; shard++) say(shard, 10);
  const readers = Array.from({ length: shards }, (_, shard) => read(log, shard));
  const begun: number[] = [];
  const firsts = readers.map(async ({ next }, shard) => (await next(), begun.push(shard)));
  await expect.poll(() => begun.length).toBe(LARGE_STEPS.shardsAtOnce);
  // It goes on to what comes next, and so leaves its turn.
  const live = readers[0]?.next();
  await expect.poll(() => begun.length).toBe(LARGE_STEPS.shardsAtOnce + 1);
  await readers[1]?.leave();
  await Promise.all(firsts);
  say(0, 1);
  expect(await live).toHaveLength(1);
  await Promise.all(readers.map(({ leave }) => leave()));
});

test('one that is to be read again after a failure does not wait for what never comes', async () => {
  const { log, say } = opened();
  say(0, 3);
  const failing = read(log, 0);
  await failing.next();
  const beyondHead = failing.next();
  await failing.leave();
  expect(await beyondHead).toEqual([]);
  expect(await read(log, 0).next()).toHaveLength(3);
});

function opened() {
  const log = createTestLog({ shards });
  const ids = Array.from({ length: shards }, (_, shard) => idIn(shard));
  return {
    log: inLargeSteps(log),
    say: (shard: number, count: number): void => {
      for (let nth = 0; nth < count; nth++) {
        const id = clientId(startTs, nth);
        log.put(said('hello', id), { actorId: alice, conversationId: ids[shard] ?? idIn(shard) });
      }
    },
  };
}

function idIn(shard: number): ConversationId {
  for (let nth = 0; ; nth++) {
    const id = `g_${nth}` as ConversationId;
    if (shardOf(id, shards) === shard) return id;
  }
}

function read(log: ReturnType<typeof inLargeSteps>, shard: number) {
  const stop = new AbortController();
  const steps = log.read(shard as Shard, position(0), { reader: 'test', signal: stop.signal })[Symbol.asyncIterator]();
  return {
    next: async (): Promise<readonly StoredEvent[]> => (await steps.next()).value ?? [],
    leave: async (): Promise<void> => {
      stop.abort();
      await steps.return?.();
    },
  };
}

// Recent heads at work on a real Valkey: what they cost, and what a wipe, a frozen server and foreign hands do to them.
import type { ConversationId, Shard, UserId } from '@parley/domain';
import { alice, bob, created, said } from '@parley/domain/testing';
import { connectRedis, createRecentHeads } from '@parley/infra/redis';
import { startTestValkey, type TestValkey } from '@parley/infra/testing';
import { compareRecentHeads, type Difference } from '@parley/projections';
import { expect, test } from 'vitest';
import { conversationIds, openHeadsHouse, world, type HeadsHouse } from './testing/heads-house.ts';

const waitMsMax = 60_000;

async function open(parts: AsyncDisposableStack, shards?: number) {
  const server = parts.use(await startTestValkey());
  const connection = parts.use(await connectRedis({ urls: [server.url], world, report: () => undefined }));
  const recentHeads = createRecentHeads({ connection, world, logEpoch: 1 });
  const house = parts.use(openHeadsHouse(recentHeads, shards));
  return { server, house, recent: recentHeads(1) };
}

/** Listing reads no head from the rows. */
const untilAllFound = (house: HeadsHouse): Promise<void> =>
  expect
    .poll(
      async () => {
        const before = house.counts.headsRead;
        expect(await house.list(alice)).not.toEqual([]);
        return house.counts.headsRead - before;
      },
      { timeout: waitMsMax },
    )
    .toBe(0);

/** How often each command was called, those of scripts included. */
async function calls({ admin }: TestValkey): Promise<ReadonlyMap<string, number>> {
  const stats = await admin.info('commandstats');
  return new Map(
    [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name = '', count]) => [name, Number(count)]),
  );
}

test('500 conversations are listed by one MGET for each shard, without a head from the rows', async () => {
  await using parts = new AsyncDisposableStack();
  const { server, house } = await open(parts);
  const crowd = Array.from({ length: 1_000 }, (_, index) => `user-${index}` as UserId);
  for (const id of conversationIds(500)) {
    house.put(id, created([alice, ...crowd]));
    house.put(id, said('hello there, how are you today?'));
  }
  await house.settle();
  await untilAllFound(house);
  const before = await calls(server);
  const listed = await house.list(alice);
  const after = await calls(server);
  expect((after.get('mget') ?? 0) - (before.get('mget') ?? 0)).toBe(64);
  expect(listed).toHaveLength(500);
  expect(listed).toEqual(await house.plainList(alice));
  const keys = (await server.admin.keys('parley:head:*:g_*')).toSorted();
  const bytes = (await server.admin.mget(keys)).reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), 0);
  // Each has 1,001 members; 547 bytes when this was written.
  expect(bytes / keys.length).toBeLessThan(1_024);
});

test.each([3, 1_000])('a message to a group of %i is one request, one head and one mark', async (members) => {
  await using parts = new AsyncDisposableStack();
  const { server, house } = await open(parts, 1);
  const id = 'g_1' as ConversationId;
  house.put(id, created(Array.from({ length: members }, (_, index) => `user-${index}` as UserId)));
  await house.settle();
  await expect.poll(() => server.admin.dbsize(), { timeout: waitMsMax }).toBe(2);
  const markedAt = async (): Promise<number> =>
    Number((await server.admin.get('parley:head:{e1.g1.s0}'))?.split(' ')[1]);
  const counts = { ...house.counts };
  let messages = 0;
  const costOfOne = async (): Promise<readonly number[]> => {
    const before = await calls(server);
    const { position } = house.put(id, said(`hello ${++messages}`));
    await expect.poll(markedAt, { timeout: waitMsMax }).toBe(position);
    const after = await calls(server);
    return ['eval', 'set', 'mget'].map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0));
  };
  // Now and then the mark is said once more, be there a message or not.
  await expect.poll(costOfOne, { timeout: waitMsMax }).toEqual([1, 2, 0]);
  expect(await server.admin.dbsize()).toBe(2);
  expect(house.counts).toMatchObject({ rowsWritten: counts.rowsWritten, headsWritten: counts.headsWritten + messages });
});

test('wiped again and again while people write and list, no list lacks what was written before it, and heads come back', async () => {
  await using parts = new AsyncDisposableStack();
  const { server, house } = await open(parts, 4);
  const ids = conversationIds(40);
  for (const id of ids) house.put(id, created([alice, bob]));
  await house.settle();
  for (let round = 0; round < 60; round++) {
    const id = ids[(round * 7) % ids.length] ?? ids[0];
    const said1 = id && house.put(id, said(`round ${round}`));
    if (round % 7 === 3) await server.admin.flushall();
    const [listed, again] = await Promise.all([house.list(alice), house.list(bob)]);
    for (const list of [listed, again]) {
      expect(list).toHaveLength(ids.length);
      expect(list.find(({ conversationId }) => conversationId === id)?.lastMessage?.position).toBe(said1?.position);
    }
  }
  await house.settle();
  await server.admin.flushall(); // and nothing is written any more
  expect(await house.list(alice)).toEqual(await house.plainList(alice));
  await untilAllFound(house);
  expect(await house.list(alice)).toEqual(await house.plainList(alice));
  expect(await server.admin.keys('parley:head:*:g_*')).toHaveLength(ids.length);
});

test('while the server is frozen, lists are right and the fold goes on; when it is back, heads are', async () => {
  await using parts = new AsyncDisposableStack();
  const { server, house } = await open(parts, 4);
  const ids = conversationIds(40);
  for (const id of ids) house.put(id, created([alice, bob]));
  await house.settle();
  await untilAllFound(house);
  server.signal('SIGSTOP');
  for (const id of ids) {
    house.put(id, said('nobody keeps this'));
    expect(await house.list(alice)).toEqual(await house.plainList(alice));
  }
  await house.settle();
  server.signal('SIGCONT');
  expect(await house.list(alice)).toEqual(await house.plainList(alice));
  await untilAllFound(house);
  expect(await house.list(alice)).toEqual(await house.plainList(alice));
});

test('what others wrote into it is found, each kind, and mended behind a worker that goes on', async () => {
  await using parts = new AsyncDisposableStack();
  const { server, house, recent } = await open(parts, 1);
  const ids = conversationIds(9);
  const [preview, high, low, another, garbage, list, gone, sound, busy] = ids as [
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
    ConversationId,
  ];
  const keyOf = (id: ConversationId): string => `parley:head:{e1.g1.s0}:${id}`;
  const valueOf = async (id: ConversationId): Promise<string> => (await server.admin.get(keyOf(id))) ?? '';
  for (const id of ids) house.put(id, created([alice, bob]));
  await house.settle();
  await untilAllFound(house);
  const former = await valueOf(low);
  for (const id of ids) house.put(id, said('the truth'));
  await house.settle();
  await untilAllFound(house);

  await server.admin.set(keyOf(preview), (await valueOf(preview)).replace('the truth', 'forged'));
  await server.admin.set(keyOf(high), (await valueOf(high)).replaceAll(/("position":|^\S+ )(\d+)(?=[ ,])/g, '$199999'));
  await server.admin.set(keyOf(low), former);
  await server.admin.set(keyOf(another), await valueOf(sound));
  await server.admin.set(keyOf(garbage), Buffer.from([0xff, 0x00, 0x80]));
  await server.admin.del(keyOf(list), keyOf(gone));
  await server.admin.lpush(keyOf(list), 'x');

  const stop = new AbortController();
  const talking = (async () => {
    while (!stop.signal.aborted) {
      house.put(busy, said('on and on'));
      await world.sleep(20);
    }
  })();
  const compare = async (): Promise<readonly Difference[]> =>
    Array.fromAsync(compareRecentHeads({ recent, store: house.store, world, signal: stop.signal }, 0 as Shard, ids));
  const found = await compare();
  expect(found.map((one) => 'conversationId' in one && one.conversationId)).toEqual([
    preview,
    high,
    low,
    another,
    garbage,
    list,
  ]);
  expect(found.map(({ type }) => type)).toEqual(Array(6).fill('different'));
  await recent.forget(0 as Shard, [preview, high, low, another, garbage, list]);
  expect(await compare()).toEqual([]);
  stop.abort();
  await talking;
  await house.settle();
  await untilAllFound(house);
  expect(await house.list(alice)).toEqual(await house.plainList(alice));
  for (const id of ids) expect(await valueOf(id)).toMatch(/the truth|on and on/);
});

// A user's sessions over several gateways that share a registry and a bus, both in memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryUnavailable, type SessionRegistry } from '@parley/domain';
import { expect, it } from 'vitest';
import { settleMs } from './sessions.ts';
import type { Closed, TestClient } from './testing/client.ts';
import { openHouse, type House } from './testing/house.ts';
import { upgrade } from './testing/upgrade.ts';

const same = { device: 'd', session: 's' };

it('closes the older of two equal sessions with 4005, on whichever gateway it is', async () => {
  await using a = await openHouse();
  await using b = await openHouse({ beside: a });
  using older = await a.connect('alice', same);
  using other = await a.connect('alice');
  using bob = await a.connect('bob', same);
  using newer = await b.connect('alice', same);
  expect(await closeOf(older)).toEqual({ code: 4005, reason: 'superseded' });
  for (const client of [newer, other, bob]) expect(await client.settled()).toEqual([]);
  await expect.poll(() => gatewaysOf(a, 'alice')).toEqual([a.gateway.gatewayId, b.gateway.gatewayId].toSorted());
});

it('leaves the newer session registered when the older one goes', async () => {
  await using a = await openHouse();
  await using b = await openHouse({ beside: a });
  using older = await a.connect('alice', same);
  using newer = await b.connect('alice', same);
  await closeOf(older);
  await expect.poll(() => gatewaysOf(a, 'alice')).toEqual([b.gateway.gatewayId]);
  expect(await newer.settled()).toEqual([]);
});

it('has as many sockets for a user as there may be over all gateways, and closes the oldest with 4004', async () => {
  const limits = { sessionsPerUserMax: 3 };
  await using a = await openHouse({ limits });
  await using b = await openHouse({ beside: a, limits });
  using first = await a.connect('alice');
  using second = await b.connect('alice');
  using third = await a.connect('alice');
  for (const client of [first, second, third]) expect(await client.settled()).toEqual([]);
  using fourth = await b.connect('alice');
  expect(await closeOf(first)).toMatchObject({ code: 4004 });
  using fifth = await b.connect('alice');
  expect(await closeOf(second)).toMatchObject({ code: 4004 });
  for (const client of [third, fourth, fifth]) expect(await client.settled()).toEqual([]);
});

it('does not count the sessions of a gateway that is dead', async () => {
  const limits = { sessionsPerUserMax: 2 };
  await using a = await openHouse({ limits });
  await using b = await openHouse({ beside: a, limits });
  using older = await b.connect('alice');
  using _lost = await a.connect('alice');
  await a.registry.endLease(a.gateway.gatewayId);
  using newer = await b.connect('alice');
  for (const client of [older, newer]) expect(await client.settled()).toEqual([]);
});

it('keeps exactly one of two equal sessions that connect at once, each time', async () => {
  await using a = await openHouse();
  await using b = await openHouse({ beside: a });
  for (let round = 0; round < 20; round++) {
    const query = { device: 'd', session: `s${round}` };
    const clients = await Promise.all([open(a, query), open(b, query)]);
    await expect.poll(() => openOnes(clients)).toHaveLength(1);
    await Promise.all([a.world.advance(2 * settleMs), b.world.advance(2 * settleMs)]);
    const [survivor] = openOnes(clients);
    expect(await survivor?.settled()).toMatchObject([{ type: 'hello' }]);
    for (const client of clients) client.socket.close();
  }
});

it('ends with the limit of sessions, no fewer and no more, after forty connect at once', async () => {
  const limits = { sessionsPerUserMax: 10 };
  await using a = await openHouse({ limits });
  await using b = await openHouse({ beside: a, limits });
  await using c = await openHouse({ beside: a, limits });
  const opening = Array.from({ length: 40 }, (_, index) => open([a, b, c][index % 3] ?? a, {}));
  const clients = await Promise.all(opening);
  await expect.poll(() => openOnes(clients)).toHaveLength(10);
  for (const house of [a, b, c]) await house.world.advance(2 * settleMs);
  for (const client of openOnes(clients)) await client.settled();
  expect(openOnes(clients)).toHaveLength(10);
  for (const client of clients) client.socket.close();
});

it('closes a socket as it opens that had to give way before', async () => {
  const opening = Promise.withResolvers<void>();
  const slow = (registry: SessionRegistry): SessionRegistry => ({
    ...registry,
    register: async (entry) => {
      const registration = await registry.register(entry);
      await opening.promise;
      return registration;
    },
  });
  await using a = await openHouse({ dependencies: ({ sessions }) => ({ sessions: slow(sessions) }) });
  await using b = await openHouse({ beside: a });
  const older = a.open(await a.token('alice'), `?${new URLSearchParams(same).toString()}`);
  await expect.poll(() => gatewaysOf(a, 'alice')).toHaveLength(1);
  using newer = await b.connect('alice', same);
  opening.resolve();
  expect(await closeOf(older)).toMatchObject({ code: 4005 });
  expect(await newer.settled()).toEqual([]);
});

it('tells the other gateway again when its word was lost', async () => {
  await using a = await openHouse();
  await using b = await openHouse({ beside: a });
  using older = await a.connect('alice', same);
  a.bus.losesEnds = true;
  using newer = await b.connect('alice', same);
  await b.world.advance(settleMs);
  expect(await older.settled()).toEqual([]);
  a.bus.losesEnds = false;
  await b.world.advance(settleMs);
  expect(await closeOf(older)).toMatchObject({ code: 4005 });
  expect(await newer.settled()).toEqual([]);
});

it('ends a session itself that finds a newer one when it registers again', async () => {
  await using a = await openHouse();
  await using b = await openHouse({ beside: a });
  using older = await a.connect('alice', same);
  a.bus.losesEnds = true;
  using newer = await b.connect('alice', same);
  a.bus.interrupt(); // as after a reconnect, which is when words are lost
  expect(await closeOf(older)).toMatchObject({ code: 4005 });
  expect((await newer.next('resync')).type).toBe('resync');
});

it('takes out of the registry what it could not when the socket closed', async () => {
  let isAway = false;
  const failing = (registry: SessionRegistry): SessionRegistry => ({
    ...registry,
    unregister: async (session) => (isAway ? Promise.reject(new RegistryUnavailable()) : registry.unregister(session)),
  });
  await using house = await openHouse({ dependencies: ({ sessions }) => ({ sessions: failing(sessions) }) });
  const client = await house.connect('alice');
  isAway = true;
  client.socket.close();
  await expect.poll(() => house.heard.get('connectionClosed')).toHaveLength(1);
  await house.world.advance(settleMs);
  expect(await gatewaysOf(house, 'alice')).toHaveLength(1);
  isAway = false;
  await house.world.advance(2 * settleMs);
  await expect.poll(() => gatewaysOf(house, 'alice')).toEqual([]);
});

it('takes out of the registry what another gateway asks to end and is not here', async () => {
  await using house = await openHouse();
  const { gatewayId } = house.gateway;
  const gone = { userId: 'alice' as never, sessionId: 'gone', deviceId: 'd', name: 's', gatewayId };
  await house.registry.register(gone);
  house.bus.endSession(gatewayId, { ...gone, reason: 'superseded' });
  await expect.poll(() => gatewaysOf(house, 'alice')).toEqual([]);
});

it('answers 503 to who connects while the registry is away, and REST all the same', async () => {
  const away = (registry: SessionRegistry): SessionRegistry => ({
    ...registry,
    register: async () => Promise.reject(new RegistryUnavailable('away')),
  });
  await using house = await openHouse({ dependencies: ({ sessions }) => ({ sessions: away(sessions) }) });
  const answer = await upgrade(house.gateway.url, { authorization: `Bearer ${await house.token('alice')}` });
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect((await house.call('alice', 'GET /v1/conversations')).status).toBe(200);
});

/** Undefined: it stays open, for longer than a word from gateway to gateway takes, and less than one that is said again. */
const closeOf = async (client: TestClient): Promise<Closed | undefined> =>
  Promise.race([client.closed, sleep(settleMs / 2, undefined)]);

/** Perhaps closed again before its `hello`. */
async function open(house: House, query: Readonly<Record<string, string>>): Promise<TestClient> {
  const client = house.open(await house.token('alice'), `?${new URLSearchParams(query).toString()}`);
  await new Promise((resolve) => client.socket.addEventListener('open', resolve));
  return client;
}

const openOnes = (clients: readonly TestClient[]): readonly TestClient[] =>
  clients.filter(({ socket }) => socket.readyState === WebSocket.OPEN);

const gatewaysOf = async (house: House, userId: string): Promise<readonly string[]> =>
  ((await house.registry.gatewaysOf([userId as never])).get(userId as never) ?? []).toSorted();

import { expect, it } from 'vitest';
import { openHouse } from './testing/house.ts';
import { upgradeSilently } from './testing/upgrade.ts';

it('closes the older socket of an equal device and session with 4005, and keeps the new one registered', async () => {
  await using house = await openHouse();
  using older = await house.connect('alice', { device: 'd', session: 's' });
  using newer = await house.connect('alice', { device: 'd', session: 's' });
  expect(await older.closed).toEqual({ code: 4005, reason: 'superseded' });
  expect(await newer.settled()).toEqual([]);
  expect((await house.registry.gatewaysOf(['alice' as never])).size).toBe(1);
});

it('lets sockets of other devices, sessions and users be', async () => {
  await using house = await openHouse();
  using one = await house.connect('alice', { device: 'd', session: 's' });
  using two = await house.connect('alice', { device: 'e', session: 's' });
  using three = await house.connect('alice', { device: 'd', session: 't' });
  using four = await house.connect('bob', { device: 'd', session: 's' });
  for (const client of [one, two, three, four]) expect(await client.settled()).toEqual([]);
});

it('has ten sockets for a user, and closes the oldest with 4004 for an eleventh', async () => {
  await using house = await openHouse();
  using stack = new DisposableStack();
  const clients = [];
  for (let i = 0; i < 10; i++) clients.push(stack.use(await house.connect('alice')));
  const [first, second] = clients;
  expect(await first?.settled()).toEqual([]);
  using eleventh = await house.connect('alice');
  expect(await first?.closed).toMatchObject({ code: 4004 });
  expect(await second?.settled()).toEqual([]);
  expect(await eleventh.settled()).toEqual([]);
});

it('takes a closed session out of the registry', async () => {
  await using house = await openHouse();
  const client = await house.connect('alice');
  expect((await house.registry.gatewaysOf(['alice' as never])).size).toBe(1);
  client.socket.close();
  await client.closed;
  await expect.poll(async () => (await house.registry.gatewaysOf(['alice' as never])).size).toBe(0);
});

it('closes a socket that was silent for a minute with 4103, not one that answers pings', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  using silent = await upgradeSilently(house.gateway.url, await house.token('bob'));
  const began = house.world.now();
  await expect.poll(() => house.heard.get('connectionOpened')).toHaveLength(2);
  for (let i = 0; i < 10; i++) {
    await house.world.advance(5_900);
    await client.settled();
  }
  expect(house.heard.get('connectionClosed')).toBeUndefined();
  expect(house.world.now() - began).toBeLessThan(60_000);
  await house.world.advance(2_000);
  expect(await silent.closeCode()).toBe(4103);
  expect(await client.settled()).toEqual([]);
});

it('counts the pong to its own ping as a sign of life', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  await house.world.advance(40_000); // the sweep pings
  await new Promise((resolve) => setTimeout(resolve, 100));
  await house.world.advance(40_000);
  expect(await client.settled()).toEqual([]);
});

it('says token_expiring a minute before the end, and closes with 4001 at the end', async () => {
  await using house = await openHouse();
  using client = house.open(await house.token('alice', { expiresInMs: 100_000 }));
  await client.next('hello');
  await house.world.advance(38_000);
  expect(await client.settled()).toEqual([]);
  await house.world.advance(3_000);
  expect((await client.next('token_expiring')).in_ms).toBeLessThanOrEqual(60_000);
  await client.settled();
  await house.world.advance(50_000);
  expect(await client.settled()).toEqual([]);
  await house.world.advance(10_000);
  expect(await client.closed).toEqual({ code: 4001, reason: 'unauthenticated' });
});

it('goes on under a new token of the same user', async () => {
  await using house = await openHouse();
  using client = house.open(await house.token('alice', { expiresInMs: 50_000 }));
  await client.next('hello');
  await client.next('token_expiring');
  client.send({ type: 'auth', ref: 'a', token: await house.token('alice', { expiresInMs: 500_000 }) });
  const authed = await client.next('authed');
  expect(authed).toMatchObject({ ref: 'a' });
  expect(authed.token_exp_ts).toBeGreaterThan(house.world.now() + 400_000);
  await house.world.advance(55_000);
  expect(await client.settled()).toEqual([]);
});

it.each(['bob', undefined])('closes with 4001 on auth with a token of %s', async (userId) => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  client.send({ type: 'auth', token: userId === undefined ? 'garbage' : await house.token(userId) });
  expect(await client.closed).toMatchObject({ code: 4001 });
});

import { expect, it } from 'vitest';
import { openHouse } from './testing/house.ts';
import { upgrade } from './testing/upgrade.ts';

it('tells everybody when to come back, closes them with 4100, and takes nobody new', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  using bob = await house.connect('bob');
  const drained = house.gateway.drain();
  expect(house.gateway.notReady()).toEqual(['draining']);
  const ready = await fetch(`${house.gateway.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'not_ready', reasons: ['draining'] }]);
  expect((await fetch(`${house.gateway.url}/healthz`)).status).toBe(200);
  const authorization = `Bearer ${await house.token('carol')}`;
  expect(await upgrade(house.gateway.url, { authorization })).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
  });
  for (const client of [alice, bob]) {
    const { after_ms, reason } = await client.next('reconnect');
    expect(reason).toBe('drain');
    expect(after_ms).toBeGreaterThanOrEqual(1_000);
    expect(after_ms).toBeLessThanOrEqual(5_000);
    expect(await client.closed).toEqual({ code: 4100, reason: 'draining' });
  }
  await drained;
});

it('answers what is under way before it closes', async () => {
  const gate = Promise.withResolvers<void>();
  await using house = await openHouse({
    dependencies: ({ log }) => ({ log: Object.assign(Object.create(log), { append: slowly }) }),
  });
  async function slowly(...event: Parameters<typeof house.log.append>) {
    await gate.promise;
    return house.log.append(...event);
  }
  using alice = await house.connect('alice');
  alice.send({ type: 'send', client_msg_id: house.newId(), to_user_id: 'bob', body: 'still here?' });
  await alice.settled();
  const drained = house.gateway.drain();
  await new Promise((resolve) => setTimeout(resolve, 250));
  gate.resolve();
  expect((await alice.next('ack')).message_id).toBe('2');
  expect(await alice.closed).toMatchObject({ code: 4100 });
  await drained;
});

it('closes after drainMs whoever is not answered by then', async () => {
  await using house = await openHouse({
    config: { drainMs: 300 },
    dependencies: ({ log }) => ({
      log: Object.assign(Object.create(log), { append: () => new Promise(() => undefined) }),
    }),
  });
  using alice = await house.connect('alice');
  alice.send({ type: 'send', client_msg_id: house.newId(), to_user_id: 'bob', body: 'anyone?' });
  await alice.settled();
  const began = Date.now();
  await house.gateway.drain();
  expect(Date.now() - began).toBeLessThan(600);
  expect(await alice.closed).toMatchObject({ code: 4100 });
});

it('lets go of its port, its lease and its sessions in the end', async () => {
  const house = await openHouse();
  using alice = await house.connect('alice');
  await house[Symbol.asyncDispose]();
  expect(await alice.closed).toMatchObject({ code: 4100 });
  expect(await house.registry.gateways()).toEqual([]);
  await expect(fetch(`${house.gateway.url}/healthz`)).rejects.toThrow('fetch failed');
});

it('says so when its port is taken, also by another gateway', async () => {
  // A port that was asked for by number: only those could be shared.
  const port = await freePort();
  await using _ = await openHouse({ config: { port } });
  await expect(openHouse({ config: { port } })).rejects.toThrow('the port is taken');
});

async function freePort(): Promise<number> {
  await using house = await openHouse();
  return house.gateway.port;
}

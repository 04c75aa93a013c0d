import type { Position, SessionRegistry } from '@parley/domain';
import { expect, it } from 'vitest';
import { openHouse } from '../testing/house.ts';
import { upgradeSilently } from '../testing/upgrade.ts';

const at = (value: number) => value as Position;
const message = (id: number) => ({ type: 'message', conversation_id: 'g_1', message_id: String(id), server_ts: 1 });
const delivery = (id: number, userIds: readonly string[] = ['alice']) =>
  ({ position: at(id), userIds, frame: message(id) }) as never;

it('writes a frame to every socket of the users it names, and to nobody else', async () => {
  await using house = await openHouse();
  using phone = await house.connect('alice');
  using laptop = await house.connect('alice');
  using bob = await house.connect('bob');
  house.bus.deliver(1, ['alice', 'carol'], message(1));
  expect(await phone.settled()).toEqual([message(1)]);
  expect(await laptop.settled()).toEqual([message(1)]);
  expect(await bob.settled()).toEqual([]);
  expect(house.heard.get('delivered')).toHaveLength(2);
});

it('drops a batch that came before, and what a new worker repeats of it', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  house.bus.deliver(1, ['alice'], message(1));
  house.bus.deliver(1, ['alice'], message(1));
  house.bus.send({ after: at(0), last: at(2), deliveries: [delivery(1), delivery(2)] });
  house.bus.send({ after: at(2), last: at(2) });
  expect(await client.settled()).toEqual([message(1), message(2)]);
});

it('gives what is beyond a hole, registers its sessions again, and makes them resume', async () => {
  const registered: string[] = [];
  await using house = await openHouse({ dependencies: ({ sessions }) => ({ sessions: noting(sessions, registered) }) });
  using alice = await house.connect('alice');
  using bob = await house.connect('bob');
  registered.length = 0;
  house.bus.send({ after: at(5), last: at(6), deliveries: [delivery(6)] });
  await alice.next('resync');
  await bob.next('resync');
  expect(registered).toEqual(['alice', 'bob']);
  expect(await alice.settled()).toEqual([message(6)]);
  house.bus.deliver(7, ['alice'], message(7));
  expect(await alice.settled()).toEqual([message(6), message(7)]);
  expect(house.heard.get('resynced')).toEqual([['hole', 2]]);
  expect(house.heard.get('batchHole')).toEqual([[0]]);
  expect(house.heard.get('frameOut')).toHaveLength(8); // hello and resync for both; two messages and two pongs for alice
});

it('sees a hole by an empty batch', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  house.bus.send({ after: at(4), last: at(4) });
  expect(await client.next('resync')).toEqual({ type: 'resync' });
});

it('ignores a batch of another log epoch', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  house.bus.send({ epoch: 2, after: at(9), last: at(10), deliveries: [delivery(10)] });
  house.bus.deliver(1, ['alice'], message(1));
  expect(await client.settled()).toEqual([message(1)]);
});

it('makes everybody resume after an interruption of the bus', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  house.bus.interrupt();
  await client.next('resync');
  expect(house.heard.get('resynced')).toEqual([['interrupted', 1]]);
});

it('keeps its lease, and registers again and resyncs when it had lapsed', async () => {
  await using house = await openHouse();
  using client = await house.connect('alice');
  await house.world.advance(35_000);
  expect(await client.settled()).toEqual([]);
  expect(await house.registry.gateways()).toEqual([house.gateway.gatewayId]);
  await house.registry.endLease(house.gateway.gatewayId);
  await house.world.advance(11_000);
  await client.next('resync');
  expect((await house.registry.gatewaysOf(['alice' as never])).size).toBe(1);
});

it('registers until it has done so before it says resync', async () => {
  let failures = 0;
  const failing = (registry: SessionRegistry): SessionRegistry => ({
    ...registry,
    register: async (entry) => (failures-- > 0 ? Promise.reject(new Error('away')) : registry.register(entry)),
  });
  await using house = await openHouse({ dependencies: ({ sessions }) => ({ sessions: failing(sessions) }) });
  using client = await house.connect('alice');
  failures = 2;
  house.bus.interrupt();
  expect(await client.settled()).toEqual([]);
  await house.world.advance(1_000);
  expect(await client.settled()).toEqual([]);
  await house.world.advance(1_000);
  await client.next('resync');
});

it('closes a socket that does not read its live frames with 4101, and lets the others be', async () => {
  await using house = await openHouse({ limits: { sendBufferBytesMax: 64 * 1024 } });
  using slow = await upgradeSilently(house.gateway.url, await house.token('alice'));
  using quick = await house.connect('alice');
  const large = { ...message(1), body: 'x'.repeat(16_000) };
  let position = 0;
  while (house.heard.get('slowConsumer') === undefined && position < 2_000) {
    house.bus.deliver(++position, ['alice'], large);
    if (position % 50 === 0) await quick.settled();
  }
  expect(house.heard.get('slowConsumer')).toHaveLength(1);
  expect(await quick.settled()).toHaveLength(position);
  expect(await slow.closeCode()).toBe(4101);
});

function noting(registry: SessionRegistry, names: string[]): SessionRegistry {
  return {
    ...registry,
    async register(entry) {
      names.push(entry.userId);
      return registry.register(entry);
    },
  };
}

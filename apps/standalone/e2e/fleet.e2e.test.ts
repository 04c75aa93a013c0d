// Three gateways: who is told what, wherever they are, and whatever is lost.
import { expect, test } from 'vitest';
import { eventually, isAcked, type RecordingClient } from '@parley/proof';
import { startFleet, type Fleet } from './fleet.ts';

test("each socket of a user, on whichever gateway, is given each message once and in order, the sender's others too", async () => {
  await using fleet = await startFleet();
  const alices = [0, 1, 2].map((at) => fleet.client('alice', () => at));
  const bobs = [0, 1, 2].map((at) => fleet.client('bob', () => at));
  const everybody = [...alices, ...bobs];
  await untilQuiet(everybody);
  const id = await conversation(fleet, ['alice', 'bob']);
  await untilQuiet(everybody, id);
  const bodies = Array.from({ length: 60 }, (_, nth) => `said ${nth}`);
  for (const [nth, body] of bodies.entries()) await alices[nth % 3]?.send(id, body);
  await eventually('all have all', () => everybody.every((client) => client.liveBodies.length >= bodies.length));
  for (const client of everybody) expect(client.liveBodies).toEqual(bodies);
  stop(everybody);
});

test('a client that moves from gateway to gateway misses nothing, and its old sockets are closed with 4005', async () => {
  await using fleet = await startFleet();
  const alice = fleet.client('alice', () => 0);
  let at = 0;
  const bob = fleet.client('bob', () => at, '?device=phone&session=main');
  const id = await conversation(fleet, ['alice', 'bob']);
  await untilQuiet([alice, bob], id);
  const sent: string[] = [];
  const moving = new AbortController();
  const talking = (async () => {
    for (let nth = 0; !moving.signal.aborted; nth++) {
      sent.push(`said ${nth}`);
      await alice.send(id, `said ${nth}`);
    }
  })();
  const moves = 6;
  for (let move = 1; move <= moves; move++) {
    at = move % 3;
    bob.moveOn();
    await eventually('bob is there', () => bob.isReady && bob.connections === move + 1);
    await eventually('his older socket is closed', () => bob.closeCodes.length === move);
  }
  moving.abort();
  await talking;
  await eventually('bob has everything', () => bodiesOf(bob, id).length >= sent.length);
  expect(bodiesOf(bob, id)).toEqual(sent);
  expect(bob.closeCodes).toEqual(Array.from({ length: moves }, () => 4005));
  expect(bob.offences).toEqual([]);
  stop([alice, bob]);
});

test('of two equal sessions that connect at once on two gateways, exactly one stays', async () => {
  await using fleet = await startFleet();
  for (let round = 0; round < 10; round++) {
    const query = `?device=phone&session=s${round}`;
    const sockets = await Promise.all([0, 1, 2].map(async (at) => openSocket(fleet, at, query)));
    await eventually('one is left', () => openOnes(sockets).length === 1);
    await eventually('the registry knows one', async () => (await adasSessions(fleet)) === 1);
    expect(openOnes(sockets)).toHaveLength(1);
    for (const socket of sockets) socket.close();
    await eventually('the registry knows none', async () => (await adasSessions(fleet)) === 0);
  }
});

test('as many sessions as there may be stay, of forty that connect at once, and the newest live', async () => {
  await using fleet = await startFleet();
  const sockets = await Promise.all(
    Array.from({ length: 40 }, async (_, nth) => openSocket(fleet, nth % 3, `?session=s${nth}`)),
  );
  await eventually('ten are left', () => openOnes(sockets).length === 10);
  await eventually('the registry knows ten', async () => (await adasSessions(fleet)) === 10);
  expect(openOnes(sockets)).toHaveLength(10);
  for (const socket of sockets) socket.close();
});

test('a publish that is lost is healed by a resync', async () => {
  let toLose = 0;
  await using fleet = await startFleet({ loses: ({ deliveries }) => deliveries.length > 0 && toLose-- > 0 });
  const [alice, bob] = [fleet.client('alice', () => 0), fleet.client('bob', () => 1)];
  const id = await conversation(fleet, ['alice', 'bob']);
  await untilQuiet([alice, bob], id);
  toLose = 2; // to either gateway
  expect(isAcked(await alice.send(id, 'lost'))).toBe(true);
  await eventually('bob has it', () => bodiesOf(bob, id).includes('lost'));
  expect(bob.frameCounts.get('resync')).toBeGreaterThan(0);
  expect(bob.liveBodies).toEqual([]);
  stop([alice, bob]);
});

test('a message to a group of thirty on three gateways costs three publishes', async () => {
  await using fleet = await startFleet();
  const users = Array.from({ length: 30 }, (_, nth) => `user-${nth}`);
  const clients = users.map((userId, nth) => fleet.client(userId, () => nth % 3));
  const id = await conversation(fleet, users);
  await untilQuiet(clients, id);
  const before = fleet.published.length;
  for (let nth = 0; nth < 10; nth++) await clients[0]?.send(id, `said ${nth}`);
  await eventually('all heard all', () => clients.every((client) => client.liveBodies.length === 10));
  const published = fleet.published.slice(before);
  expect(published.length).toBeLessThanOrEqual(3 * 10);
  for (const { batch } of published) for (const { userIds } of batch.deliveries) expect(userIds).toHaveLength(10);
  stop(clients);
});

test.each([
  ['wiped', async ({ valkey }: Fleet) => void (await valkey.admin.flushall())],
  ['killed and started empty', async ({ valkey }: Fleet) => valkey.kill().then(async () => valkey.start())],
])('a registry that is %s under way costs a resync and no message', async (_what, wipe) => {
  await using fleet = await startFleet();
  const alice = fleet.client('alice', () => 0);
  const others = [1, 2].map((at) => fleet.client('bob', () => at));
  const id = await conversation(fleet, ['alice', 'bob']);
  await untilQuiet([alice, ...others], id);
  const bodies = Array.from({ length: 40 }, (_, nth) => `said ${nth}`);
  for (const [nth, body] of bodies.entries()) {
    if (nth === 10) await wipe(fleet);
    expect(isAcked(await alice.send(id, body))).toBe(true);
  }
  await eventually('all were told to resume', () => others.every(({ frameCounts }) => frameCounts.has('resync')));
  await eventually('all have all', () => others.every((client) => bodiesOf(client, id).length === bodies.length));
  await alice.send(id, 'live again');
  await eventually('live again', () => others.every(({ liveBodies }) => liveBodies.includes('live again')));
  for (const client of others) {
    expect(bodiesOf(client, id)).toEqual([...bodies, 'live again']);
    expect(client.connections).toBe(1);
    expect(client.offences).toEqual([]);
  }
  stop([alice, ...others]);
});

test.each([
  ['gone', async ({ valkey }: Fleet) => valkey.kill(), async ({ valkey }: Fleet) => valkey.start()],
  [
    'silent',
    async ({ valkey }: Fleet) => valkey.signal('SIGSTOP'),
    async ({ valkey }: Fleet) => valkey.signal('SIGCONT'),
  ],
])(
  'while the registry is %s messages are acked, nobody new gets in, and what was said follows',
  async (_, end, begin) => {
    await using fleet = await startFleet();
    const [alice, bob] = [fleet.client('alice', () => 0), fleet.client('bob', () => 1)];
    const id = await conversation(fleet, ['alice', 'bob']);
    await untilQuiet([alice, bob], id);
    await end(fleet);
    expect(isAcked(await alice.send(id, 'said while it was away'))).toBe(true);
    const carol = fleet.client('carol', () => 2);
    await eventually('carol was refused', () => carol.closeCodes.length > 1);
    expect(carol.connections).toBe(0);
    const page = await call({ fleet, userId: 'bob' }, `GET /v1/conversations/${id}/messages`);
    expect(await page.json()).toMatchObject({ messages: [{ body: 'said while it was away' }] });
    expect(bodiesOf(bob, id)).toEqual([]);
    await begin(fleet);
    await eventually('bob has it', () => bodiesOf(bob, id).includes('said while it was away'));
    await eventually('carol is in', () => carol.isReady);
    expect(bob.connections).toBe(1);
    stop([alice, bob, carol]);
  },
);

test('after a gateway died its clients go on elsewhere, and nothing is published to it any more', async () => {
  await using fleet = await startFleet();
  let at = 1;
  const [alice, bob] = [fleet.client('alice', () => 0), fleet.client('bob', () => at)];
  const id = await conversation(fleet, ['alice', 'bob']);
  await untilQuiet([alice, bob], id);
  const dead = fleet.gateways[1]?.gatewayId;
  const publishesTo = (gatewayId: string | undefined) =>
    fleet.published.filter((publish) => publish.gatewayId === gatewayId).length;
  at = 2;
  await fleet.kill(1);
  await alice.send(id, 'said after it died');
  await eventually('bob has it', () => bodiesOf(bob, id).includes('said after it died'));
  expect(publishesTo(dead)).toBeGreaterThan(0);
  expect(await fleet.valkey.admin.pexpire(`parley:gw:{${dead}}`, 1)).toBe(1); // as when its time is over
  await eventually('the lease is over', async () => (await fleet.valkey.admin.exists(`parley:gw:{${dead}}`)) === 0);
  const before = publishesTo(dead);
  await alice.send(id, 'said after its lease');
  await eventually('bob has that too', () => bodiesOf(bob, id).includes('said after its lease'));
  expect(publishesTo(dead)).toBe(before);
  await eventually('its entries are gone', async () => (await sessionsOf(fleet, 'bob')) === 1);
  stop([alice, bob]);
});

/** To the first gateway. */
async function call(
  { fleet, userId }: { fleet: Fleet; userId: string },
  what: string,
  body?: object,
): Promise<Response> {
  const [method = '', path = ''] = what.split(' ');
  return fetch(`${fleet.gateways[0]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${await fleet.token(userId)}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function conversation(fleet: Fleet, members: readonly string[]): Promise<string> {
  const [creator = '', ...others] = members;
  const response = await call({ fleet, userId: creator }, 'POST /v1/conversations', {
    type: 'group',
    name: 'g',
    members: others,
  });
  return ((await response.json()) as { conversation_id: string }).conversation_id;
}

/** Connected, nothing under way, and they know the conversation: what comes now comes live. */
const untilQuiet = async (clients: readonly RecordingClient[], id?: string): Promise<void> =>
  eventually(`all are quiet: ${clients.map(({ unfinished }) => unfinished).join('; ')}`, () =>
    clients.every((client) => client.isQuiet && (id === undefined || (client.cursors.get(id) ?? 0) > 0)),
  );

/** In the order of the log. */
const bodiesOf = (client: RecordingClient, id: string): readonly string[] =>
  [...(client.entries.get(id)?.values() ?? [])]
    .toSorted((one, other) => one.position - other.position)
    .flatMap(({ body }) => body ?? []);

const stop = (clients: readonly RecordingClient[]): void => clients.forEach((client) => client.stop());

/** Ada's, open or closed again by the time this resolves. */
async function openSocket(fleet: Fleet, at: number, query: string): Promise<WebSocket> {
  const url = `${fleet.gateways[at]?.url.replace('http', 'ws')}/v1/ws${query}`;
  const socket = new WebSocket(url, ['chat.v1', `bearer.${await fleet.token('ada')}`]);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  return socket;
}

const openOnes = (sockets: readonly WebSocket[]): readonly WebSocket[] =>
  sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);

const sessionsOf = async ({ valkey }: Fleet, userId: string): Promise<number> =>
  valkey.admin.hlen(`parley:session:{${userId}}`);

const adasSessions = async (fleet: Fleet): Promise<number> => sessionsOf(fleet, 'ada');

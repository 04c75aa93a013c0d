import { encode } from '@msgpack/msgpack';
import { expect, it } from 'vitest';
import { openHouse } from './testing/house.ts';
import { upgrade } from './testing/upgrade.ts';

const messagePack = 'chat.v1.msgpack';

it.each([
  ['chat.v1', 'chat.v1'],
  [messagePack, messagePack],
  [`chat.v1, ${messagePack}`, 'chat.v1'],
  [`${messagePack}, chat.v1`, messagePack],
  [`chat.v9, ${messagePack}, chat.v1`, messagePack],
])('answers the offer %s with %s: the client says what it prefers', async (offered, chosen) => {
  await using house = await openHouse();
  const authorization = `Bearer ${await house.token('alice')}`;
  const answer = await upgrade(house.gateway.url, { authorization, 'sec-websocket-protocol': offered });
  expect(answer).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': chosen } });
});

it('shows the same objects to a client of either format in one conversation', async () => {
  await using house = await openHouse();
  using json = house.open(await house.token('alice'), '?device=json');
  using packed = house.open(await house.token('alice'), '?device=packed', messagePack);
  const [plainHello, packedHello] = [await json.next('hello'), await packed.next('hello')];
  expect({ ...packedHello, ...varying }).toEqual({ ...plainHello, ...varying });

  const clientMessageId = house.newId();
  const send = { type: 'send', to_user_id: 'bob', client_msg_id: clientMessageId, body: 'grüß dich 👋', ref: 'r' };
  packed.send(send);
  const ack = await packed.next('ack');
  json.send(send); // the same message again, so the same answer
  expect(await json.next('ack')).toEqual({ ...ack, duplicate: true, server_ts: expect.any(Number) });

  const message = {
    ...ack,
    type: 'message',
    body: send.body,
    server_ts: 1_800_000_000_000,
    edited: null,
    of: undefined,
  };
  house.bus.deliver(1, ['alice'], message);
  const [[plain], [other]] = [await json.settled(), await packed.settled()];
  expect(plain).toMatchObject({ body: 'grüß dich 👋', server_ts: 1_800_000_000_000, edited: null });
  expect(other).toEqual(plain);
});

it('answers the other kind of frame with bad_frame, and goes on', async () => {
  await using house = await openHouse();
  using json = await house.connect('alice');
  json.socket.send(encode({ type: 'ping', ref: 'r' }));
  expect(await json.next('error')).toMatchObject({ code: 'bad_frame' });
  using packed = house.open(await house.token('bob'), '', messagePack);
  await packed.next('hello');
  packed.socket.send('{"type":"ping","ref":"r"}');
  expect(await packed.next('error')).toMatchObject({ code: 'bad_frame' });
  expect(await json.settled()).toEqual([]);
  expect(await packed.settled()).toEqual([]);
});

it.each([
  ['a map with numbers for keys', new Uint8Array([0x81, 0x01, 0x01])],
  ['half a frame', encode({ type: 'ping', ref: 'r' }).subarray(0, 5)],
  ['an array', encode([])],
])('answers %s in MessagePack with bad_frame', async (_, bytes) => {
  await using house = await openHouse();
  using packed = house.open(await house.token('bob'), '', messagePack);
  await packed.next('hello');
  packed.socket.send(bytes);
  expect(await packed.next('error')).toMatchObject({ code: 'bad_frame' });
});

/** What two sessions of one user never have in common. */
const varying = { session_id: '', device_id: '', server_ts: 0 };

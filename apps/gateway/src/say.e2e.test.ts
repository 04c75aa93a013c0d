import type { EventLog } from '@parley/domain';
import { expect, it } from 'vitest';
import { openHouse, type House } from './testing/house.ts';

/** Each append takes this long: the first ones longest, so that whoever does not wait overtakes. */
const slowFirst = (log: EventLog, delaysMs: number[]): EventLog =>
  Object.assign(Object.create(log), {
    async append(...event: Parameters<EventLog['append']>) {
      await new Promise((resolve) => setTimeout(resolve, delaysMs.shift() ?? 0));
      return log.append(...event);
    },
  });

const send = (house: House, target: object, body: string) => ({
  type: 'send',
  client_msg_id: house.newId(),
  ref: body,
  body,
  ...target,
});

it('keeps the order of pipelined messages, whichever way they name a direct chat that is not open yet', async () => {
  await using house = await openHouse({ dependencies: ({ log }) => ({ log: slowFirst(log, [60, 40, 20]) }) });
  using alice = await house.connect('alice');
  alice.send(send(house, { to_user_id: 'bob' }, 'm0'));
  alice.send(send(house, { to_user_id: 'bob' }, 'm1'));
  const first = await alice.next('ack');
  alice.send(send(house, { to_user_id: 'bob' }, 'm2'));
  alice.send(send(house, { conversation_id: first.conversation_id }, 'm3'));
  const acks = [first];
  for (let i = 0; i < 3; i++) acks.push(await alice.next('ack'));
  expect(acks.map(({ ref, position }) => [ref, position])).toEqual([
    ['m0', '2'],
    ['m1', '3'],
    ['m2', '4'],
    ['m3', '5'],
  ]);
});

it('does not let one conversation wait for another', async () => {
  await using house = await openHouse({ dependencies: ({ log }) => ({ log: slowFirst(log, [500]) }) });
  using alice = await house.connect('alice');
  alice.send(send(house, { to_user_id: 'bob' }, 'slow'));
  alice.send(send(house, { to_user_id: 'carol' }, 'quick'));
  expect((await alice.next('ack')).ref).toBe('quick');
  expect((await alice.next('ack')).ref).toBe('slow');
});

it('answers a repeat with the same id, and other content with idempotency_mismatch', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  const frame = send(house, { to_user_id: 'bob' }, 'once');
  alice.send(frame);
  const ack = await alice.next('ack');
  expect(ack.duplicate).toBeUndefined();
  alice.send(frame);
  expect(await alice.next('ack')).toMatchObject({ message_id: ack.message_id, duplicate: true });
  alice.send({ ...frame, body: 'other' });
  const { client_msg_id, ref } = frame;
  expect(await alice.next('error')).toMatchObject({
    code: 'idempotency_mismatch',
    client_msg_id,
    ref,
    conversation_id: ack.conversation_id,
  });
});

it('refuses a stranger, a conversation there is not, and a talk with oneself', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  using carol = await house.connect('carol');
  alice.send(send(house, { to_user_id: 'bob' }, 'm0'));
  const { conversation_id } = await alice.next('ack');
  carol.send(send(house, { conversation_id }, 'm1'));
  expect(await carol.next('error')).toMatchObject({ code: 'not_a_member', conversation_id });
  alice.send(send(house, { conversation_id: 'g_none' }, 'm2'));
  expect(await alice.next('error')).toMatchObject({ code: 'no_such_conversation' });
  alice.send(send(house, { to_user_id: 'alice' }, 'm3'));
  expect(await alice.next('error')).toMatchObject({ code: 'bad_frame' });
  alice.send({ ...send(house, { conversation_id }, 'm4'), client_msg_id: 'ffffffff-ffff-7fff-8fff-ffffffffffff' });
  expect((await alice.next('error')).server_ts).toBeGreaterThan(0);
});

it('opens no chat for an id from the future, and none with me', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  const tooEarly = { client_msg_id: 'ffffffff-ffff-7fff-8fff-ffffffffffff' };
  alice.send({ ...send(house, { to_user_id: 'bob' }, 'm0'), ...tooEarly });
  expect(await alice.next('error')).toMatchObject({ code: 'clock_ahead' });
  alice.send(send(house, { to_user_id: 'me' }, 'm1'));
  expect(await alice.next('error')).toMatchObject({ code: 'bad_frame' });
  const list = await house.call('alice', 'GET /v1/conversations');
  expect(await list.json()).toEqual({ conversations: [] });
});

it('lets as many messages wait as its limit says, and refuses one more', async () => {
  const delays = [200, 200, 200];
  await using house = await openHouse({
    limits: { outboxAppendsMax: 3 },
    dependencies: ({ log }) => ({ log: slowFirst(log, delays) }),
  });
  using alice = await house.connect('alice');
  for (let i = 0; i < 4; i++) alice.send(send(house, { to_user_id: `new${i}` }, `m${i}`));
  const refused = { code: 'overloaded', ref: 'm3', retryable: true, retry_after_ms: 500 };
  expect(await alice.next('error')).toMatchObject(refused);
  for (let i = 0; i < 3; i++) await alice.next('ack');
});

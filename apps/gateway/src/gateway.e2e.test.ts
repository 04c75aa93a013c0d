import { expect, it } from 'vitest';
import { openHouse } from './testing/house.ts';

it('connects, sends, acks, delivers and resumes', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  const client_msg_id = house.newId();
  alice.send({ type: 'send', ref: 'r1', client_msg_id, to_user_id: 'bob', body: 'hello' });
  const ack = await alice.next('ack');
  expect(ack).toMatchObject({ ref: 'r1', client_msg_id, message_id: '2', position: '2' });

  using bob = await house.connect('bob');
  bob.send({ type: 'resume', ref: 'r2', last_seen: {} });
  expect(await bob.next('resumed')).toEqual({
    type: 'resumed',
    ref: 'r2',
    heads: {},
    others: { [ack.conversation_id]: '2' },
    others_more: false,
  });
  bob.send({ type: 'resume', last_seen: { [ack.conversation_id]: '0' } });
  const history = await bob.next('history');
  expect(history.messages).toMatchObject([{ body: 'hello', message_id: '2', prev_id: '1', client_msg_id }]);
  expect(history.conversations).toMatchObject([{ position: '1', event: { type: 'created' } }]);
  expect(await bob.next('resumed')).toMatchObject({ heads: { [ack.conversation_id]: '2' }, others: {} });
  house.bus.deliver(3, ['bob'], { type: 'message', conversation_id: ack.conversation_id, message_id: '3' });
  expect(await bob.next('message')).toMatchObject({ message_id: '3' });
  expect(house.errors).toEqual([]);
});

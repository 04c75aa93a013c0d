import { describe, expect, it } from 'vitest';
import { alice, cid, createRig, required, ts, type Rig } from './test-rig.ts';
import { outboxMessagesMax } from './outbox.ts';

const target = { conversationId: cid };

async function online(): Promise<Rig> {
  const rig = await createRig();
  rig.hello();
  rig.told.length = 0;
  return rig;
}

const ack = (clientMsgId: string, position = '11') => ({
  type: 'ack',
  client_msg_id: clientMsgId,
  conversation_id: cid,
  message_id: position,
  position,
  server_ts: ts,
});

const refusal = (clientMsgId: string, fields: object) => ({
  type: 'error',
  code: 'unavailable',
  message: 'not now',
  retryable: true,
  client_msg_id: clientMsgId,
  ...fields,
});

const idsSent = (rig: Rig) => rig.sent('send').map((frame) => frame.client_msg_id);
const lastId = (rig: Rig) => required(idsSent(rig).at(-1));

describe('sending', () => {
  it('is sent once the server acked it', async () => {
    const rig = await online();
    rig.client.send(target, 'hi');
    rig.server().say(ack(lastId(rig)));
    expect(rig.told).toEqual(['outgoing: 1 waiting', 'outgoing: 1 sending', 'outgoing: 1 sent']);
  });

  it('waits for the connection', async () => {
    const rig = await createRig();
    rig.client.send(target, 'hi');
    expect(rig.server().received).toEqual([]);
    rig.hello();
    expect(rig.sent('send')).toHaveLength(1);
  });

  it('keeps the order of one target and does not hold up another', async () => {
    const rig = await online();
    rig.client.send(target, 'one');
    rig.client.send(target, 'two');
    rig.client.send({ toUserId: alice }, 'three');
    expect(rig.sent('send').map((frame) => frame.body)).toEqual(['one', 'three']);
    rig.server().say(ack(required(idsSent(rig)[0])));
    expect(rig.sent('send').map((frame) => frame.body)).toEqual(['one', 'three', 'two']);
  });

  it('makes the id from the time the server said', async () => {
    const rig = await createRig();
    rig.hello({ server_ts: ts + 600_000 });
    rig.client.send(target, 'hi');
    const minted = Number.parseInt(lastId(rig).replace('-', '').slice(0, 12), 16);
    expect(minted).toBe(ts + 600_000);
    expect(lastId(rig)[14]).toBe('7');
  });

  it('refuses what it cannot hold', async () => {
    const rig = await createRig();
    for (let i = 0; i < outboxMessagesMax; i++) rig.client.send(target, 'x');
    expect(() => rig.client.send(target, 'one more')).toThrow('1000 messages wait');
  });
});

describe('retrying', () => {
  it('sends the same id after a reconnect', async () => {
    const rig = await online();
    rig.client.send(target, 'hi');
    const id = lastId(rig);
    rig.server().close(1006);
    await rig.world.advance(5_000);
    rig.hello();
    expect(idsSent(rig)).toEqual([id]);
    expect(rig.sockets).toHaveLength(2);
  });

  it('sends the same id when no ack comes', async () => {
    const rig = await online();
    rig.client.send(target, 'hi');
    await rig.world.advance(15_000);
    expect(idsSent(rig)).toEqual([lastId(rig), lastId(rig)]);
  });

  it('sends the same id after the pause the server asked for, before anything that came later', async () => {
    const rig = await online();
    rig.client.send(target, 'one');
    rig.client.send(target, 'two');
    rig.server().say(refusal(lastId(rig), { retry_after_ms: 2_000 }));
    await rig.world.advance(1_999);
    expect(rig.sent('send')).toHaveLength(1);
    await rig.world.advance(1);
    expect(rig.sent('send').map((frame) => frame.body)).toEqual(['one', 'one']);
    expect(new Set(idsSent(rig)).size).toBe(1);
  });

  it('does not retry a refusal that is final, and sends the next', async () => {
    const rig = await online();
    rig.client.send(target, 'one');
    rig.client.send(target, 'two');
    rig.server().say(refusal(lastId(rig), { code: 'not_a_member', retryable: false }));
    expect(rig.told).toContain('outgoing: 1 failed');
    expect(rig.sent('send').map((frame) => frame.body)).toEqual(['one', 'two']);
    await rig.world.advance(14_000);
    expect(rig.sent('send')).toHaveLength(2);
  });

  it('sends a failed one again with the same id when asked to', async () => {
    const rig = await online();
    const { key } = rig.client.send(target, 'one');
    const id = lastId(rig);
    rig.server().say(refusal(id, { code: 'forbidden', retryable: false }));
    rig.client.retry(key);
    expect(idsSent(rig)).toEqual([id, id]);
  });

  it('corrects its clock and makes a new id when the old one lay in the future', async () => {
    const rig = await createRig();
    rig.hello({ server_ts: ts + 60_000 });
    rig.client.send(target, 'hi');
    const first = lastId(rig);
    rig.server().say(refusal(first, { code: 'clock_ahead', retryable: false, server_ts: ts }));
    await rig.world.advance(1_000);
    expect(lastId(rig) < first).toBe(true);
    expect(rig.told).not.toContain('outgoing: 1 failed');
  });
});

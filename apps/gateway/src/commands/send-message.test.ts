import type { ClientMessageId, NewEvent, UserId } from '@parley/domain';
import { createConversationStates, createTail, createTimelineQueries, type TimelineQueries } from '@parley/projections';
import { createMemoryTimeline } from '@parley/infra/memory';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  bob,
  carol,
  clientId,
  created,
  createTestLog,
  createTestWorld,
  removed,
  startTs,
  theGroup,
} from '@parley/domain/testing';
import { createKeyedQueue } from './keyed-queue.ts';
import { sendMessage, type Sending } from './send-message.ts';

const digest = (text: string): string => `<${text}>`;
const fresh = clientId(startTs, 7);
const old = clientId(startTs - 3_600_000, 7);
const version4 = fresh.replace('-7000-', '-4000-') as ClientMessageId;

/** A gateway before a log in which alice and bob are members; nothing is projected, so look-ups fold the log's tail. */
function createGateway(
  options: { readonly queueMax?: number; readonly byClientMessageId?: TimelineQueries['byClientMessageId'] } = {},
) {
  const world = createTestWorld();
  const log = createTestLog({ now: () => world.now() });
  log.put(created([alice, bob]), { notAfterTs: Number.MAX_SAFE_INTEGER });
  const states = createConversationStates(log);
  const store = createMemoryTimeline();
  const timeline = createTimelineQueries({ log, tail: createTail(log, world), world, store, states });
  const lookUps: unknown[] = [];
  const sending: Sending = {
    log,
    states,
    world,
    digest,
    queue: createKeyedQueue({ sizeMax: options.queueMax ?? 10, now: () => world.now() }),
    timeline: {
      async byClientMessageId(key) {
        lookUps.push(key);
        return options.byClientMessageId ? options.byClientMessageId(key) : timeline.byClientMessageId(key);
      },
    },
  };
  const send = (clientMsgId: ClientMessageId, body = 'hello', senderId: UserId = alice) =>
    sendMessage(sending, { conversationId: theGroup, senderId, message: { clientMsgId, body, bodyType: 'text' } });
  const messages = () => log.events().filter(({ event }) => event.type === 'message.sent');
  return { world, log, sending, send, messages, lookUps };
}

const sent = (position: number, duplicate = false) => ({ type: 'Sent', position, duplicate });

describe('a message with an id of now', () => {
  it('is stored without a look-up, with a not-after of 30 s', async () => {
    const { send, messages, lookUps } = createGateway();
    expect(await send(fresh)).toEqual(sent(2));
    expect(messages()).toMatchObject([
      { actorId: alice, decidedOn: 1, notAfterTs: startTs + 30_000, event: { body: 'hello' } },
    ]);
    expect(lookUps).toEqual([]);
  });

  it('is the same message when it is sent again', async () => {
    const { send, messages } = createGateway();
    await send(fresh);
    expect(await send(fresh)).toEqual(sent(2, true));
    expect(messages()).toHaveLength(1);
  });

  it('is another one from another sender', async () => {
    const { send, messages } = createGateway();
    await send(fresh);
    expect(await send(fresh, 'hello', bob)).toEqual(sent(3));
    expect(messages()).toHaveLength(2);
  });

  it('is a mismatch with another content', async () => {
    const { send, messages } = createGateway();
    await send(fresh);
    expect(await send(fresh, 'other')).toEqual({ type: 'IdempotencyMismatch' });
    expect(messages()).toHaveLength(1);
  });

  it('is a mismatch with another reply, thread, or mention', async () => {
    const { sending, send } = createGateway();
    await send(fresh);
    const message = { clientMsgId: fresh, body: 'hello', bodyType: 'text' } as const;
    const again = (others: object) =>
      sendMessage(sending, { conversationId: theGroup, senderId: alice, message: { ...message, ...others } });
    for (const others of [{ replyTo: 1 }, { threadId: 1 }, { mentions: [{ userId: bob, offset: 0, length: 1 }] }]) {
      expect(await again(others)).toEqual({ type: 'IdempotencyMismatch' });
    }
    expect(await again({ mentions: [] })).toEqual(sent(2, true));
  });

  it('is refused when its clock is ahead, and nothing is stored or asked', async () => {
    const { send, messages, lookUps } = createGateway();
    expect(await send(clientId(startTs + 15_001))).toEqual({ type: 'ClockAhead' });
    expect([messages(), lookUps]).toEqual([[], []]);
    expect(await send(clientId(startTs + 15_000))).toEqual(sent(2));
  });

  it('is unavailable after a void copy of it until the log has forgotten that, and then one message', async () => {
    const { send, world, log, messages } = createGateway();
    const key = `<${theGroup} alice send ${fresh}>`;
    log.put(
      { type: 'message.sent', clientMsgId: fresh, body: 'hello', bodyType: 'text' },
      { idempotencyKey: key, notAfterTs: startTs - 1 },
    );
    const outcome = await send(fresh);
    expect(outcome).toEqual({ type: 'Unavailable', retryAfterMs: 120_000 });
    world.advance(120_001);
    expect(await send(fresh)).toEqual(sent(3));
    expect(await send(fresh)).toEqual(sent(3, true));
    expect(messages()).toHaveLength(2);
  });
});

describe.each([
  ['old', old],
  ['of another version', version4],
])('a message with an id that is %s', (_what, id) => {
  it('is looked up, and stored when it was not there, at most 60 s after the look-up began', async () => {
    const { send, messages, lookUps } = createGateway();
    expect(await send(id)).toEqual(sent(2));
    expect(lookUps).toEqual([{ conversationId: theGroup, senderId: alice, clientMsgId: id }]);
    expect(messages()[0]?.notAfterTs).toBeLessThanOrEqual(startTs + 60_000);
  });

  it('is the message that was stored, however long ago', async () => {
    const { send, world, messages } = createGateway();
    await send(id);
    world.advance(90 * 24 * 3_600_000);
    expect(await send(id)).toEqual(sent(2, true));
    expect(messages()).toHaveLength(1);
  });

  it('is a mismatch with another content', async () => {
    const { send, messages } = createGateway();
    await send(id);
    expect(await send(id, 'other')).toEqual({ type: 'IdempotencyMismatch' });
    expect(messages()).toHaveLength(1);
  });

  it('is not stored when the look-up took so long that it proves nothing', async () => {
    const { send, messages, world } = createGateway({
      byClientMessageId: async () => {
        world.advance(30_001);
        return undefined;
      },
    });
    expect(await send(id)).toMatchObject({ type: 'Unavailable' });
    expect(messages()).toEqual([]);
  });

  it('is not stored when the look-up fails', async () => {
    const { send, messages } = createGateway({ byClientMessageId: () => Promise.reject(new Error('store down')) });
    await expect(send(id)).rejects.toThrow('store down');
    expect(messages()).toEqual([]);
  });
});

describe('a message that is refused', () => {
  it('is one of a stranger, and where there is no conversation', async () => {
    const { send, sending, messages } = createGateway();
    expect(await send(fresh, 'hello', carol)).toEqual({ type: 'NotAMember' });
    const message = { clientMsgId: fresh, body: 'hello', bodyType: 'text' } as const;
    const elsewhere = { conversationId: 'g_none' as typeof theGroup, senderId: alice, message };
    expect(await sendMessage(sending, elsewhere)).toEqual({ type: 'NoSuchConversation' });
    expect(messages()).toEqual([]);
  });

  it('is not one of a member who came back a moment ago', async () => {
    const { send, log } = createGateway();
    log.put(removed(bob));
    expect(await send(fresh, 'hello', bob)).toEqual({ type: 'NotAMember' });
    log.put(added([bob]));
    expect(await send(fresh, 'hello', bob)).toEqual(sent(4));
  });

  it.each([
    ['fast', fresh],
    ['looked up', old],
  ])('is acked all the same when it was stored while its sender was a member: %s', async (_path, id) => {
    const { send, log, sending } = createGateway();
    await send(id, 'hello', bob);
    log.put(removed(bob), { notAfterTs: Number.MAX_SAFE_INTEGER });
    await sending.states.current(theGroup); // the gateway knows, so nothing is appended
    expect(await send(id, 'hello', bob)).toEqual(sent(2, true));
    expect(await send(id, 'other', bob)).toEqual({ type: 'IdempotencyMismatch' });
    expect(await send(clientId(startTs, 99), 'hello', bob)).toEqual({ type: 'NotAMember' });
  });

  it('is decided on the newest state: what was kept from before a removal does not let it through', async () => {
    const { send, log, messages } = createGateway();
    await send(fresh, 'hello', bob);
    log.put(removed(bob));
    expect(await send(clientId(startTs, 8), 'late', bob)).toEqual({ type: 'NotAMember' });
    expect(messages()).toHaveLength(1);
  });
});

describe('messages that wait', () => {
  it('keep the order of one sender in one conversation, look-ups included', async () => {
    const slow = Promise.withResolvers<undefined>();
    const { send, messages } = createGateway({ byClientMessageId: () => slow.promise });
    const both = [send(old, 'first'), send(fresh, 'second')];
    slow.resolve(undefined);
    await Promise.all(both);
    expect(messages().map(({ event }) => 'body' in event && event.body)).toEqual(['first', 'second']);
  });

  it('do not wait for other senders', async () => {
    const slow = Promise.withResolvers<undefined>();
    const { send } = createGateway({ byClientMessageId: () => slow.promise });
    const waiting = send(old);
    expect(await send(fresh, 'hello', bob)).toEqual(sent(2));
    slow.resolve(undefined);
    expect(await waiting).toEqual(sent(3));
  });

  it('are refused as overload when too many wait, and nothing of them is stored', async () => {
    const slow = Promise.withResolvers<undefined>();
    const { send, messages } = createGateway({ queueMax: 1, byClientMessageId: () => slow.promise });
    const waiting = send(old);
    expect(await send(fresh)).toMatchObject({ type: 'Overloaded', retryAfterMs: expect.any(Number) as number });
    expect(messages()).toEqual([]);
    slow.resolve(undefined);
    expect(await waiting).toEqual(sent(2));
  });

  it('are told what the log says when it cannot take them', async () => {
    const { sending, send } = createGateway();
    const refusal = { type: 'Unavailable', retryAfterMs: 9 } as const;
    const log = { ...sending.log, append: async (_: NewEvent) => refusal };
    const message = { clientMsgId: fresh, body: 'hello', bodyType: 'text' } as const;
    expect(await sendMessage({ ...sending, log }, { conversationId: theGroup, senderId: alice, message })).toEqual(
      refusal,
    );
    expect(await send(fresh)).toEqual(sent(2));
  });
});

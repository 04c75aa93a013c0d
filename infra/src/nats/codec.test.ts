import {
  MalformedEvent,
  NO_POSITION,
  position,
  UnknownEventVersion,
  type ChatEvent,
  type NewEvent,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEvent, encodeEvent } from './codec.ts';
import { describeEvent } from './describe-event.ts';

const shards = 16;
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const anyPosition = fc.maxSafeNat();

const chatEvent = fc.oneof(
  fc.record(
    {
      type: fc.constant('message.sent'),
      clientMsgId: fc.uuid(),
      body: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      bodyType: fc.constant('text'),
      replyTo: anyPosition,
      threadId: anyPosition,
      mentions: fc.array(fc.record({ userId: id, offset: fc.nat(), length: fc.nat() })),
    },
    { requiredKeys: ['type', 'clientMsgId', 'body', 'bodyType'] },
  ),
  fc.record(
    {
      type: fc.constant('conversation.created'),
      kind: fc.constantFrom('direct', 'group'),
      memberIds: fc.array(id),
      name: fc.string(),
      settings: fc.record({ history: fc.constantFrom('shared', 'since_join') }),
    },
    { requiredKeys: ['type', 'kind', 'memberIds', 'settings'] },
  ),
  fc.record({
    type: fc.constant('conversation.members_added'),
    userIds: fc.array(id),
    role: fc.constantFrom('owner', 'admin', 'member'),
  }),
  fc.record({ type: fc.constantFrom('conversation.member_removed', 'conversation.member_left'), userId: id }),
);

const newEvent = fc.record({
  conversationId: id,
  actorId: id,
  event: chatEvent,
  decidedOn: anyPosition,
  notAfterTs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  idempotencyKey: id,
  bodyHash: id,
}) as fc.Arbitrary<NewEvent>;

const storedTs = 1_800_000_000_000;

describe('a record', () => {
  test('gives back every event as it was', () => {
    fc.assert(
      fc.property(newEvent, (event) => {
        const { subject, body } = encodeEvent(event, shards);
        const decoded = decodeEvent({ subject, body, position: position(7), storedTs });
        expect(decoded).toEqual({ ...event, position: 7, storedTs });
      }),
    );
  });

  test('keeps a byte order mark before a long text', () => {
    const said = { ...hello.event, body: `\u{feff}${'x'.repeat(300)}` } as ChatEvent;
    const { subject, body } = encodeEvent({ ...hello, event: said }, shards);
    expect(decodeEvent({ subject, body, position: position(7), storedTs }).event).toEqual(said);
  });

  test('has the subject of its kind, and names the conversation’s own condition', () => {
    const { subject, metaSubject } = encodeEvent(hello, shards);
    expect([subject, metaSubject]).toEqual(['chat.14.g_1.msg', 'chat.14.g_1.meta']);
    const changed = encodeEvent({ ...hello, event: left }, shards);
    expect([changed.subject, changed.metaSubject]).toEqual(['chat.14.g_1.meta', 'chat.14.g_1.meta']);
  });

  test('carries the trace of who is traced in one more header, and nowhere else', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const untraced = encodeEvent(hello, shards);
    const traced = encodeEvent(hello, shards, traceparent);
    expect([...traced.headers]).toEqual([...untraced.headers, ['traceparent', traceparent]]);
    expect(traced.body).toEqual(untraced.body);
    expect(untraced.headers.has('traceparent')).toBe(false);
  });

  test('has headers that an operator can read', () => {
    expect(Object.fromEntries(encodeEvent(hello, shards).headers)).toEqual({
      'Parley-Event': 'message.sent.v1',
      'Parley-Actor': 'ann',
      'Parley-Meta': '3',
      'Parley-Not-After': '2027-01-15T08:00:30.000Z',
      'Parley-Body-Hash': 'hash',
      'Nats-Msg-Id': 'key',
      'Nats-Expected-Last-Subject-Sequence': '3',
      'Nats-Expected-Last-Subject-Sequence-Subject': 'chat.14.g_1.meta',
    });
  });

  test('of an unknown version is not guessed at', () => {
    const { subject, body } = encodeEvent(hello, shards);
    const text = Buffer.from(body).toString('latin1').replace('sent.v1', 'sent.v2');
    const record = { subject, body: Buffer.from(text, 'latin1'), position: position(7), storedTs };
    expect(() => decodeEvent(record)).toThrow(UnknownEventVersion);
  });

  test('that is damaged is refused, wherever it is cut', () => {
    const { subject, body } = encodeEvent(hello, shards);
    for (let length = 0; length < body.length; length++) {
      const record = { subject, body: body.subarray(0, length), position: position(7), storedTs };
      expect(() => decodeEvent(record)).toThrow(MalformedEvent);
    }
  });

  test('under a subject that is not a conversation’s is refused', () => {
    const { body } = encodeEvent(hello, shards);
    for (const subject of ['chat.0.g_1', 'chat.0.g_1.other', 'user.ann', 'chat.0..msg', 'chat.0.g_1.msg.more']) {
      expect(() => decodeEvent({ subject, body, position: position(7), storedTs })).toThrow(MalformedEvent);
    }
  });
});

describe('describeEvent', () => {
  test('tells an event in one line', () => {
    expect(describeEvent(encodeEvent(hello, shards).body)).toBe(
      'message.sent.v1 actor=ann meta=3 not-after=2027-01-15T08:00:30.000Z {"clientMsgId":"an-id","body":"two\\nlines","bodyType":"text"}',
    );
  });

  test('says of anything else that it is not one, in one line', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(describeEvent(bytes)).toMatch(/^error: body: not .* \(\d+ bytes\)$/);
      }),
    );
  });
});

const left = { type: 'conversation.member_left', userId: 'ann' } as ChatEvent;

const hello = {
  conversationId: 'g_1',
  actorId: 'ann',
  event: { type: 'message.sent', clientMsgId: 'an-id', body: 'two\nlines', bodyType: 'text' },
  decidedOn: 3,
  notAfterTs: storedTs + 30_000,
  idempotencyKey: 'key',
  bodyHash: 'hash',
} as NewEvent;

test('positions before the first are written as none', () => {
  const created = encodeEvent({ ...hello, event: left, decidedOn: NO_POSITION }, shards);
  expect(created.headers.get('Nats-Expected-Last-Subject-Sequence')).toBe('0');
});

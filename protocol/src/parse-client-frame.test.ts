import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from './limits.ts';
import { parseClientFrame, type ParsedClientFrame } from './parse-client-frame.ts';

const uuid = '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const send = { type: 'send', client_msg_id: uuid, conversation_id: 'd_1', body: 'hello' };
const mention = { user_id: 'bob', offset: 0, length: 1 };
const token = 'eyJhbGciOiJIUzI1NiJ9.e30.abc';

const accepts = (value: unknown) => expect(parseClientFrame(value).error).toBeUndefined();
const refuses = (value: unknown, code: string, message: string | RegExp) =>
  expect(parseClientFrame(value)).toMatchObject({
    error: { type: 'error', code, message: expect.stringMatching(message) },
  });

/** As it arrives: an undefined field is absent. */
const asJson = (value: object): unknown => JSON.parse(JSON.stringify(value));

const conversations = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`g_${i}`, '1']));

test.each([
  send,
  {
    ...send,
    ref: 'r1',
    body_type: 'text',
    reply_to: '7',
    thread_id: '7',
    mentions: [mention],
    media: [],
    read_up_to: '9',
  },
  { type: 'send', client_msg_id: uuid, to_user_id: 'bob', body: 'hello' },
  { type: 'resume', last_seen: {} },
  { type: 'resume', ref: 'r1', last_seen: { d_1: '0', g_2: '9007199254740991' }, read: { d_1: '0' } },
  { type: 'ping' },
  { type: 'ping', ref: 'r1' },
  { type: 'auth', token },
])('accepts %j as it is', (frame) => {
  expect(parseClientFrame(frame)).toEqual({ ok: frame });
});

test.each([send, { type: 'resume', last_seen: {} }, { type: 'ping' }, { type: 'auth', token }])(
  'ignores fields it does not know in $type',
  (frame) => accepts({ ...frame, priority: 'high', next: { deep: [1] } }),
);

test('ignores fields it does not know inside mentions', () =>
  accepts({ ...send, mentions: [{ ...mention, name: 'Bob' }] }));

test.each([
  'edit',
  'delete',
  'react',
  'delivered',
  'read',
  'typing',
  'focus',
  'call',
  'key_change',
  'dance',
  '',
  '__proto__',
  'toString',
])('answers frames of type "%s" with unknown_frame', (type) =>
  refuses({ ...send, type }, 'unknown_frame', `type "${type}"`),
);

test('an unknown type is not repeated at any length', () => {
  expect(parseClientFrame({ type: 'x'.repeat(60_000) }).error?.message.length).toBeLessThan(200);
});

test.each([null, undefined, 1, 'send', [], [send], true])('refuses %j, which is no object', (value) =>
  refuses(value, 'bad_frame', /^frame: must be an object/),
);

test.each([{}, { type: 1 }, { type: null }, { type: ['send'] }])('refuses %j, which has no type', (value) =>
  refuses(value, 'bad_frame', /^type: must be a string/),
);

test.each([
  ['client_msg_id', undefined, /^client_msg_id: is required/],
  ['client_msg_id', 'nope', /^client_msg_id: must be a UUID/],
  ['body', undefined, /^body: is required/],
  ['body', 7, /^body: must be string/],
  ['body', '', /^body: /],
  ['body', 'lone \ud800', /^body: must be well-formed Unicode/],
  ['body_type', 'encrypted', /^body_type: must be "text"/],
  ['conversation_id', undefined, /^conversation_id: exactly one of/],
  ['conversation_id', 'a.b', /^conversation_id: must be 1 to 64/],
  ['to_user_id', 'bob', /^conversation_id: exactly one of/],
  ['reply_to', 7, /^reply_to: must be string/],
  ['reply_to', '9007199254740992', /^reply_to: must be at most/],
  ['reply_to', null, /^reply_to: must be string/],
  ['thread_id', '-1', /^thread_id: must be a position/],
  ['read_up_to', '1.5', /^read_up_to: must be a position/],
  ['mentions', [{ ...mention, user_id: '*' }], /^mentions\[0\]\.user_id: must be 1 to 64/],
  ['mentions', [mention, { ...mention, offset: -1 }], /^mentions\[1\]\.offset: /],
  ['mentions', [{ ...mention, length: 0 }], /^mentions\[0\]\.length: /],
  ['mentions', [mention, { ...mention, offset: 5 }], /^mentions\[1\]: must lie inside the body/],
  ['media', ['m1'], /^media: /],
  ['ref', 5, /^ref: must be string/],
])('names %s when it is %j', (field, value, message) =>
  refuses(asJson({ ...send, [field]: value }), 'bad_frame', message),
);

test.each([
  [{ type: 'resume' }, /^last_seen: is required/],
  [{ type: 'resume', last_seen: [] }, /^last_seen: /],
  [{ type: 'resume', last_seen: { d_1: 5 } }, /^last_seen\.d_1: must be string/],
  [{ type: 'resume', last_seen: { d_1: '9007199254740992' } }, /^last_seen\.d_1: must be at most/],
  [{ type: 'resume', last_seen: { 'a.b': '1' } }, /^last_seen\.a\.b: its key must be a conversation id/],
  [{ type: 'resume', last_seen: {}, read: { d_1: '' } }, /^read\.d_1: must be a position/],
  [{ type: 'auth' }, /^token: is required/],
  [{ type: 'auth', token: 'with space' }, /^token: must be a token/],
])('says what is wrong with %j', (frame, message) => refuses(frame, 'bad_frame', message));

test('a long key of the client comes back cut', () => {
  expect(
    parseClientFrame({ type: 'resume', last_seen: { ['k'.repeat(60_000)]: '1' } }).error?.message.length,
  ).toBeLessThan(200);
});

test('takes a body at its limit in bytes, not one over, in any script', () => {
  const max = LIMITS.bodyBytesMax;
  for (const full of ['a'.repeat(max), `${'€'.repeat((max - 1) / 3)}a`, '😀'.repeat(max / 4)]) {
    expect(new TextEncoder().encode(full)).toHaveLength(max);
    accepts({ ...send, body: full });
    refuses({ ...send, body: `${full}a` }, 'body_too_large', `${max} bytes`);
  }
});

test('takes the limits of the deployment', () => {
  const limits = { bodyBytesMax: 5, resumeConversationsMax: 2 };
  expect(parseClientFrame(send, limits).error).toBeUndefined();
  expect(parseClientFrame({ ...send, body: 'hello!' }, limits).error?.code).toBe('body_too_large');
  expect(parseClientFrame({ type: 'resume', last_seen: conversations(2) }, limits).error).toBeUndefined();
  expect(parseClientFrame({ type: 'resume', last_seen: conversations(3) }, limits).error?.code).toBe('bad_frame');
});

test('takes 1,000 conversations in a resume, not one more', () => {
  const max = LIMITS.resumeConversationsMax;
  accepts({ type: 'resume', last_seen: conversations(max), read: conversations(max) });
  refuses({ type: 'resume', last_seen: conversations(max + 1) }, 'bad_frame', /^last_seen: must name at most 1000/);
  refuses(
    { type: 'resume', last_seen: {}, read: conversations(max + 1) },
    'bad_frame',
    /^read: must name at most 1000/,
  );
});

test('takes 50 mentions, not one more', () => {
  const mentions = (count: number) => Array.from({ length: count }, () => mention);
  accepts({ ...send, mentions: mentions(LIMITS.mentionsMax) });
  refuses({ ...send, mentions: mentions(LIMITS.mentionsMax + 1) }, 'bad_frame', /^mentions: /);
});

test('takes a mention that ends with the body, not one that goes beyond', () => {
  accepts({ ...send, mentions: [{ user_id: 'bob', offset: 0, length: 5 }] });
  accepts({ ...send, mentions: [{ user_id: 'bob', offset: 4, length: 1 }] });
  refuses({ ...send, mentions: [{ user_id: 'bob', offset: 4, length: 2 }] }, 'bad_frame', /^mentions\[0\]/);
});

test('takes a ref of 64 characters and a token of 4 KiB, not one more', () => {
  accepts({ type: 'ping', ref: 'r'.repeat(64) });
  refuses({ type: 'ping', ref: 'r'.repeat(65) }, 'bad_frame', /^ref: /);
  accepts({ type: 'auth', token: 'a'.repeat(LIMITS.tokenBytesMax) });
  refuses({ type: 'auth', token: 'a'.repeat(LIMITS.tokenBytesMax + 1) }, 'bad_frame', /^token: /);
});

test('two spellings of a client_msg_id are one', () => {
  const parsed = parseClientFrame({ ...send, client_msg_id: uuid.toUpperCase() });
  expect(parsed).toEqual({ ok: send });
});

test('an error gives back the ids that can be read, also when they are the mistake', () => {
  const context = { ref: 'r1', client_msg_id: 'nope', conversation_id: 'a.b' };
  expect(parseClientFrame({ ...send, ...context }).error).toMatchObject(context);
  expect(parseClientFrame({ type: 'dance', ...context }).error).toMatchObject(context);
});

test('an error does not give back what is no short string', () => {
  const { error } = parseClientFrame({ type: 'dance', ref: 7, client_msg_id: 'x'.repeat(65), conversation_id: {} });
  expect(Object.keys(error ?? {})).toEqual(['type', 'code', 'message', 'retryable']);
});

const nearFrames = fc.record(
  {
    type: fc.oneof(fc.constantFrom('send', 'resume', 'ping', 'auth'), fc.anything()),
    ref: fc.anything(),
    client_msg_id: fc.oneof(fc.uuid(), fc.anything()),
    conversation_id: fc.oneof(fc.constant('d_1'), fc.anything()),
    to_user_id: fc.anything(),
    body: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
    mentions: fc.oneof(
      fc.array(fc.record({ user_id: fc.string(), offset: fc.integer(), length: fc.integer() })),
      fc.anything(),
    ),
    reply_to: fc.anything(),
    last_seen: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
    read: fc.anything(),
    token: fc.anything(),
  },
  { requiredKeys: [] },
);

test('never throws, and either takes a frame or says why not', () => {
  const decided = ({ ok, error }: ParsedClientFrame) => (ok === undefined) !== (error === undefined);
  // `anything` is what MessagePack can bring and JSON cannot: bigints, dates, maps, byte arrays, objects without prototype.
  const values = fc.oneof(
    fc.jsonValue(),
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
    nearFrames,
  );
  fc.assert(
    fc.property(values, (value) => decided(parseClientFrame(value))),
    { numRuns: 5000 },
  );
});

test('what it takes once it takes again, unchanged', () => {
  const frames = fc.record({
    type: fc.constant('send'),
    client_msg_id: fc.uuid().map((id) => id.toUpperCase()),
    conversation_id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    body: fc.string({ unit: 'grapheme', minLength: 1 }),
  });
  fc.assert(
    fc.property(frames, (value) => {
      const first = parseClientFrame(value);
      expect(first.error).toBeUndefined();
      expect(parseClientFrame(JSON.parse(JSON.stringify(first.ok)))).toEqual(first);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { helloLimits, LIMITS } from './limits.ts';
import { parseServerFrame } from './parse-server-frame.ts';
import { SERVER_FRAMES } from './server-frames.ts';

const entry = { conversation_id: 'g_1', position: '8', prev_id: '7', actor_id: 'ann', server_ts: 1 };
const message = {
  type: 'message',
  conversation_id: 'g_1',
  message_id: '7',
  prev_id: '0',
  sender_id: 'ann',
  client_msg_id: '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  body: '',
  body_type: 'text',
  server_ts: 1,
};
const conversation = {
  conversation_id: 'g_1',
  type: 'group',
  name: 'Tea',
  member_count: 2,
  settings: { history: 'shared' },
};
const change = { type: 'change', ...entry, message_id: '7', change: { type: 'deleted' } };
const created = { type: 'conversation', ...entry, event: { type: 'created', conversation } };

/** One of each; every field in it is required. */
const examples: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[] = [
  {
    type: 'hello',
    session_id: 's',
    user_id: 'ann',
    device_id: 'd',
    server_ts: 1,
    heartbeat_ms: 30_000,
    token_exp_ts: 2,
    log_epoch: 1,
    limits: helloLimits(LIMITS),
  },
  {
    type: 'ack',
    client_msg_id: message.client_msg_id,
    conversation_id: 'g_1',
    message_id: '7',
    position: '7',
    server_ts: 1,
  },
  message,
  change,
  created,
  {
    type: 'history',
    conversation_id: 'g_1',
    messages: [message],
    changes: [change],
    conversations: [created],
    more: false,
  },
  { type: 'resumed', heads: { g_1: '8' }, others: {}, others_more: false },
  { type: 'resume_failed', conversation_id: 'g_1', reason: 'too_many' },
  { type: 'resync' },
  { type: 'heads', heads: { g_1: '8' } },
  { type: 'token_expiring', in_ms: 60_000 },
  { type: 'authed', token_exp_ts: 2 },
  { type: 'pong', server_ts: 1 },
  { type: 'reconnect', after_ms: 100, reason: 'drain' },
  { type: 'error', code: 'internal', message: 'The server failed.', retryable: true },
];

test('there is an example of every frame', () => {
  expect(examples.map(({ type }) => type)).toEqual(Object.keys(SERVER_FRAMES));
});

test.each(examples)('$type is a frame, also with fields of a later server', (frame) => {
  expect(parseServerFrame(frame)).toEqual({ type: 'frame', frame });
  expect(parseServerFrame({ ...frame, later: 1 })).toMatchObject({ type: 'frame' });
});

test.each(examples)('$type without any one of its fields is none, and says which', (frame) => {
  for (const field of Object.keys(frame).filter((name) => name !== 'type')) {
    const lacking = Object.fromEntries(Object.entries(frame).filter(([name]) => name !== field));
    expect(parseServerFrame(lacking), field).toEqual({ type: 'bad', reason: `${field}: is required` });
  }
});

test.each([
  { type: 'edited', body: 'b' },
  { type: 'edited', body: 'b', mentions: [{ user_id: 'bob', offset: 0, length: 1 }] },
  { type: 'deleted' },
  { type: 'reaction_added', emoji: '👍' },
  { type: 'reaction_removed', emoji: '👍' },
  { type: 'pinned' },
  { type: 'unpinned' },
])('%j happens to a message', (what) => {
  expect(parseServerFrame({ ...change, change: what })).toMatchObject({ type: 'frame' });
});

test.each([
  { type: 'renamed', name: 'Coffee' },
  { type: 'settings_changed', settings: { history: 'since_join' } },
  { type: 'members_added', user_ids: ['bob'], role: 'member' },
  { type: 'members_added', user_ids: ['bob'], role: 'member', conversation },
  { type: 'member_removed', user_id: 'bob' },
  { type: 'member_left', user_id: 'bob' },
  { type: 'role_changed', user_id: 'bob', role: 'admin' },
])('%j happens to a conversation', (what) => {
  expect(parseServerFrame({ ...created, event: what })).toMatchObject({ type: 'frame' });
});

test.each([
  { ...created, event: { type: 'exploded' } },
  { ...created, event: { type: 'renamed' } },
  { ...change, change: { type: 'reaction_added' } },
  { ...message, message_id: 7 },
  { ...message, reply_to: null },
  { ...message, server_ts: 1.5 },
  { type: 'error', code: 'oops', message: 'm', retryable: false },
])('%j is no frame', (frame) => {
  expect(parseServerFrame(frame)).toMatchObject({ type: 'bad' });
});

test('a frame of a later server is unknown, not bad', () => {
  expect(parseServerFrame({ type: 'presence', user_id: 'ann' })).toEqual({ type: 'unknown' });
});

test('never throws on anything', () => {
  fc.assert(fc.property(fc.anything(), (value) => parseServerFrame(value).type.length > 0));
});

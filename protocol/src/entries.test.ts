import {
  evolve,
  NO_CONVERSATION,
  NO_POSITION,
  position,
  type ConversationEvent,
  type ConversationId,
  type ConversationState,
  type MessageEvent,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { expect, test } from 'vitest';
import { conversationFrame, messageFrame } from './entries.ts';
import { conversationSummary } from './conversation-summary.ts';
import { parseServerFrame } from './parse-server-frame.ts';
import type { ServerFrame } from './server-frames.ts';

const user = (id: string) => id as UserId;
const [ann, bob, cid] = [user('ann'), user('bob'), user('cid')];
const conversationId = 'g_1' as ConversationId;

const stored = <Event extends ConversationEvent | MessageEvent>(at: number, event: Event): StoredEvent<Event> => ({
  conversationId,
  actorId: ann,
  event,
  decidedOn: NO_POSITION,
  notAfterTs: 30_000,
  idempotencyKey: 'k',
  bodyHash: 'h',
  position: position(at),
  storedTs: 1_000 + at,
});

const created = stored(1, {
  type: 'conversation.created',
  kind: 'group',
  memberIds: [ann, bob],
  name: 'Tea',
  settings: { history: 'shared' },
});
const said = {
  type: 'message.sent',
  clientMsgId: '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  body: 'hello @bob',
  bodyType: 'text',
} as MessageEvent;

const after = (...events: readonly StoredEvent<ConversationEvent>[]): ConversationState =>
  events.reduce(evolve, NO_CONVERSATION);

/** Also what JSON makes of it is a frame: no undefined, no null, positions as strings. */
function isFrame(frame: ServerFrame): void {
  const onWire: unknown = JSON.parse(JSON.stringify(frame));
  expect(onWire).toStrictEqual(frame);
  expect(parseServerFrame(onWire)).toMatchObject({ type: 'frame' });
}

test('a message is told with its position as its id, and without what it does not have', () => {
  const frame = messageFrame({ stored: stored(7, said), prev: position(5) });
  expect(frame).toStrictEqual({
    type: 'message',
    conversation_id: 'g_1',
    message_id: '7',
    prev_id: '5',
    sender_id: 'ann',
    client_msg_id: '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
    body: 'hello @bob',
    body_type: 'text',
    server_ts: 1_007,
  });
  isFrame(frame);
});

test('a message is told with what it answers and whom it mentions', () => {
  const mentions = [{ userId: bob, offset: 6, length: 4 }];
  const frame = messageFrame({
    stored: stored(7, { ...said, replyTo: position(3), threadId: position(2), mentions }),
    prev: NO_POSITION,
  });
  expect(frame).toMatchObject({
    prev_id: '0',
    reply_to: '3',
    thread_id: '2',
    mentions: [{ user_id: 'bob', offset: 6, length: 4 }],
  });
  isFrame(frame);
});

test('a new conversation is told as it began, or as a viewer sees it now', () => {
  const frame = conversationFrame({ stored: created, prev: NO_POSITION });
  expect(frame).toStrictEqual({
    type: 'conversation',
    conversation_id: 'g_1',
    position: '1',
    prev_id: '0',
    actor_id: 'ann',
    server_ts: 1_001,
    event: {
      type: 'created',
      conversation: {
        conversation_id: 'g_1',
        type: 'group',
        name: 'Tea',
        member_count: 2,
        settings: { history: 'shared' },
      },
    },
  });
  isFrame(frame);
  const state = after(created, stored(2, { type: 'conversation.members_added', userIds: [cid], role: 'member' }));
  const now = conversationFrame({ stored: created, prev: NO_POSITION, summaryFor: { state, viewerId: cid } });
  expect(now.event).toMatchObject({ conversation: { member_count: 3 } });
});

test('new members get the conversation, the others only who came', () => {
  const added = stored(2, { type: 'conversation.members_added', userIds: [cid], role: 'member' });
  const plain = conversationFrame({ stored: added, prev: position(1) });
  expect(plain.event).toStrictEqual({ type: 'members_added', user_ids: ['cid'], role: 'member' });
  const summaryFor = { state: after(created, added), viewerId: cid };
  const withSummary = conversationFrame({ stored: added, prev: position(1), summaryFor });
  expect(withSummary.event).toMatchObject({ conversation: { name: 'Tea', member_count: 3 } });
  for (const frame of [plain, withSummary]) isFrame(frame);
});

test('who was removed and who left is told', () => {
  const removed = conversationFrame({
    stored: stored(3, { type: 'conversation.member_removed', userId: bob }),
    prev: position(1),
  });
  const left = conversationFrame({
    stored: stored(3, { type: 'conversation.member_left', userId: ann }),
    prev: position(1),
  });
  expect(removed.event).toStrictEqual({ type: 'member_removed', user_id: 'bob' });
  expect(left.event).toStrictEqual({ type: 'member_left', user_id: 'ann' });
  for (const frame of [removed, left]) isFrame(frame);
});

test('a new name, new settings and a new role are told, without a summary', () => {
  const told = (event: ConversationEvent) =>
    conversationFrame({
      stored: stored(3, event),
      prev: position(1),
      summaryFor: { state: after(created), viewerId: ann },
    });
  const frames = [
    told({ type: 'conversation.renamed', name: 'Coffee' }),
    told({ type: 'conversation.settings_changed', settings: { history: 'since_join' } }),
    told({ type: 'conversation.role_changed', userId: bob, role: 'admin' }),
  ];
  expect(frames.map(({ event }) => event)).toStrictEqual([
    { type: 'renamed', name: 'Coffee' },
    { type: 'settings_changed', settings: { history: 'since_join' } },
    { type: 'role_changed', user_id: 'bob', role: 'admin' },
  ]);
  for (const frame of frames) isFrame(frame);
});

test('a direct chat shows each of the two the other one, and nobody without a viewer', () => {
  const direct = stored(1, {
    type: 'conversation.created',
    kind: 'direct',
    memberIds: [ann, bob],
    settings: { history: 'shared' },
  });
  const state = after(direct);
  if (state.type === 'none') throw new Error('it is open');
  expect(conversationSummary({ conversationId, state, viewerId: ann }).peer_id).toBe('bob');
  expect(conversationSummary({ conversationId, state, viewerId: bob }).peer_id).toBe('ann');
  expect(conversationSummary({ conversationId, state })).toStrictEqual({
    conversation_id: 'g_1',
    type: 'direct',
    member_count: 2,
    settings: { history: 'shared' },
  });
});

test('a summary counts only present members', () => {
  const state = after(created, stored(2, { type: 'conversation.member_removed', userId: bob }));
  if (state.type === 'none') throw new Error('it is open');
  const summary = conversationSummary({ conversationId, state, viewerId: ann });
  expect(summary.member_count).toBe(1);
  expect(summary).not.toHaveProperty('peer_id');
});

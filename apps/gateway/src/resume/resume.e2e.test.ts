import type { ConversationId } from '@parley/domain';
import { StoreUnavailable, type TimelineQueries } from '@parley/projections';
import { expect, it } from 'vitest';
import { openHouse, type HouseOptions } from '../testing/house.ts';

const live = (conversation_id: string, id: number) => ({ type: 'message', conversation_id, message_id: String(id) });

/** A direct chat of alice and bob: `created` at 1, then this many messages from 2 on. */
async function houseWith(messages: number, options: HouseOptions & { readonly body?: (i: number) => string } = {}) {
  const house = await openHouse({ ...options, config: { rateLimits: false, ...options.config } });
  using alice = await house.connect('alice');
  const body = options.body ?? ((i: number) => `m${i}`);
  for (let i = 0; i < messages; i++) {
    alice.send({ type: 'send', client_msg_id: house.newId(), to_user_id: 'bob', body: body(i) });
  }
  let cid = '';
  for (let i = 0; i < messages; i++) cid = (await alice.next('ack')).conversation_id;
  return { house, cid };
}

it('gives pipelined messages in the order in which they were sent', async () => {
  const { house, cid } = await houseWith(30);
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  const { messages, conversations, more } = await bob.next('history');
  expect(messages.map(({ body }) => body)).toEqual(Array.from({ length: 30 }, (__, i) => `m${i}`));
  expect([conversations, more]).toEqual([[], false]);
});

it('gives at most 100 entries in one history, with the last one saying so', async () => {
  const { house, cid } = await houseWith(250);
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  await bob.next('resumed');
  const sizes = bob.frames.map((frame) => frame.type === 'history' && [frame.messages.length, frame.more]);
  expect(sizes).toEqual([
    [100, true],
    [100, true],
    [50, false],
  ]);
});

it('gives at most 256 KiB in one history', async () => {
  const { house, cid } = await houseWith(40, { body: () => 'ä'.repeat(8_192) });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  await bob.next('resumed');
  const bytes = bob.frames.map((frame) => Buffer.byteLength(JSON.stringify(frame)));
  expect(Math.max(...bytes)).toBeLessThanOrEqual(256 * 1024);
  expect(Math.max(...bytes)).toBeGreaterThan(230 * 1024);
  expect(bob.frames.flatMap((frame) => (frame.type === 'history' ? frame.messages : []))).toHaveLength(40);
});

it('resumes 1,000 conversations, and refuses one more', async () => {
  await using house = await openHouse();
  using alice = await house.connect('alice');
  const named = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`g_${i}`, '0']));
  alice.send({ type: 'resume', ref: 'at', last_seen: named(1_000) });
  expect(await alice.next('resumed')).toMatchObject({ ref: 'at', heads: {} });
  expect(alice.frames.splice(0)).toHaveLength(1_000); // resume_failed not_a_member, each
  alice.send({ type: 'resume', ref: 'over', last_seen: named(1_001) });
  expect(await alice.next('error')).toMatchObject({ code: 'bad_frame', ref: 'over' });
});

it('says too_many above 1,000 missed entries, with the head to go on from', async () => {
  const { house, cid } = await houseWith(1_000);
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '0' } });
  expect(await bob.next('resume_failed')).toMatchObject({ conversation_id: cid, reason: 'too_many', head: '1001' });
  expect(await bob.next('resumed')).toMatchObject({ heads: {} });
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  expect(await bob.next('resumed')).toMatchObject({ heads: { [cid]: '1001' } });
  expect(house.heard.get('conversationResumed')).toEqual([['too_many'], ['resumed']]);
  expect(house.heard.get('resumed')?.map(([, entries]) => entries)).toEqual([0, 1_000]);
});

it('says too_old for what was missed more than seven days ago', async () => {
  const { house, cid } = await houseWith(1);
  await using _ = house;
  const week = 7 * 24 * 3_600_000;
  house.world.leap(week - 5_000);
  using early = house.open(await house.token('bob'));
  await early.next('hello');
  early.send({ type: 'resume', last_seen: { [cid]: '1' } });
  await early.next('history');
  house.world.leap(10_000);
  using late = house.open(await house.token('bob'));
  await late.next('hello');
  late.send({ type: 'resume', last_seen: { [cid]: '1' } });
  expect(await late.next('resume_failed')).toMatchObject({ reason: 'too_old', head: '2' });
});

it('says not_a_member to strangers, and of conversations there are not', async () => {
  const { house, cid } = await houseWith(1);
  await using _ = house;
  using carol = await house.connect('carol');
  carol.send({ type: 'resume', last_seen: { [cid]: '0', g_none: '0' } });
  expect(await carol.next('resume_failed')).toMatchObject({ conversation_id: cid, reason: 'not_a_member' });
  expect(await carol.next('resume_failed')).toMatchObject({ conversation_id: 'g_none', reason: 'not_a_member' });
  expect(await carol.next('resumed')).toMatchObject({ heads: {}, others: {} });
});

it('says unavailable of one conversation and resumes the others', async () => {
  const { house, cid } = await houseWith(1, {
    dependencies: ({ timeline }) => ({ timeline: parking(timeline, 'g_parked') }),
  });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { g_parked: '0', [cid]: '0' } });
  expect(await bob.next('resume_failed')).toEqual({
    type: 'resume_failed',
    conversation_id: 'g_parked',
    reason: 'unavailable',
  });
  expect((await bob.next('history')).messages).toHaveLength(1);
  expect(await bob.next('resumed')).toMatchObject({ heads: { [cid]: '2' } });
});

it('says that there are more others when the list cannot be had', async () => {
  const ofUser = () => Promise.reject(new StoreUnavailable('away'));
  const { house, cid } = await houseWith(1, { dependencies: () => ({ conversations: { ofUser } }) });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '2' } });
  expect(await bob.next('resumed')).toMatchObject({ heads: { [cid]: '2' }, others: {}, others_more: true });
});

it('holds live frames of the named conversations back: after resumed, once each, only what history had not', async () => {
  const gate = Promise.withResolvers<void>();
  const { house, cid } = await houseWith(2, {
    dependencies: (made) => ({ timeline: gated(made.timeline, gate.promise) }),
  });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  expect(await bob.settled()).toEqual([]);
  for (const position of [1, 2, 3, 4]) house.bus.deliver(position, ['bob'], live(cid, position));
  house.bus.deliver(5, ['bob'], live('g_other', 5));
  expect(await bob.settled()).toEqual([live('g_other', 5)]);
  gate.resolve();
  await bob.next('history');
  expect(await bob.next('resumed')).toMatchObject({ heads: { [cid]: '3' } });
  house.bus.deliver(6, ['bob'], live(cid, 6));
  expect(await bob.settled()).toEqual([live('g_other', 5), live(cid, 4), live(cid, 6)]);
});

it('leaves to live frames what was stored after the head was read', async () => {
  const { house, cid } = await houseWith(3, { dependencies: ({ timeline }) => ({ timeline: olderHead(timeline, 3) }) });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  expect((await bob.next('history')).messages.map(({ message_id }) => message_id)).toEqual(['2', '3']);
  expect(await bob.next('resumed')).toMatchObject({ heads: { [cid]: '3' } });
});

it('closes a session with 4101 when more than the send buffer waits for its resume', async () => {
  const gate = Promise.withResolvers<void>();
  const { house, cid } = await houseWith(1, {
    limits: { sendBufferBytesMax: 100_000 },
    dependencies: (made) => ({ timeline: gated(made.timeline, gate.promise) }),
  });
  await using _ = house;
  using bob = await house.connect('bob');
  bob.send({ type: 'resume', last_seen: { [cid]: '0' } });
  await bob.settled();
  for (let i = 1; i <= 11; i++) house.bus.deliver(i, ['bob'], { ...live(cid, i), body: 'x'.repeat(10_000) });
  expect(await bob.closed).toMatchObject({ code: 4101 });
  gate.resolve();
});

it('waits for a slow reader of much history instead of closing it', async () => {
  const { house, cid } = await houseWith(400, {
    limits: { sendBufferBytesMax: 600_000 },
    body: () => 'x'.repeat(16_000),
  });
  await using _ = house;
  const token = await house.token('bob');
  using bob = house.open(token);
  await bob.next('hello');
  bob.send({ type: 'resume', last_seen: { [cid]: '1' } });
  await bob.next('resumed');
  expect(bob.frames.flatMap((frame) => (frame.type === 'history' ? frame.messages : []))).toHaveLength(400);
});

it('runs the resumes of one session in turn, and refuses the 33rd that waits', async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const counted = (timeline: TimelineQueries): TimelineQueries => ({
    ...timeline,
    async views(ids) {
      running++;
      await gate.promise;
      return timeline.views(ids);
    },
  });
  const { house, cid } = await houseWith(1, { dependencies: ({ timeline }) => ({ timeline: counted(timeline) }) });
  await using _ = house;
  using bob = await house.connect('bob');
  for (let i = 0; i < 33; i++) bob.send({ type: 'resume', ref: `r${i}`, last_seen: { [cid]: '0' } });
  expect(await bob.next('error')).toMatchObject({ code: 'overloaded', ref: 'r32' });
  expect(running).toBe(1);
  gate.resolve();
  for (let i = 0; i < 32; i++) expect(await bob.next('resumed')).toMatchObject({ ref: `r${i}` });
});

const parking = (timeline: TimelineQueries, parked: string): TimelineQueries => ({
  ...timeline,
  view: async (id) => (id === parked ? Promise.reject(new StoreUnavailable('parked')) : timeline.view(id)),
  views: async (ids) =>
    ids.includes(parked as ConversationId) ? Promise.reject(new StoreUnavailable('parked')) : timeline.views(ids),
});

/** Reads at once, and answers when the gate opens: what comes live meanwhile is not in it. */
const gated = (timeline: TimelineQueries, gate: Promise<void>): TimelineQueries => ({
  ...timeline,
  async views(ids) {
    const views = await timeline.views(ids);
    await gate;
    return views;
  },
});

/** As if the store had grown after the head was read. */
const olderHead = (timeline: TimelineQueries, position: number): TimelineQueries => ({
  ...timeline,
  async views(ids) {
    const views = await timeline.views(ids);
    return views.map((view) => Object.assign(view, { head: { ...view.head, position } }));
  },
});

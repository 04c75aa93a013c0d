import {
  isMember,
  isMessageEvent,
  wasMemberAt,
  type ChatEvent,
  type ConversationId,
  type StoredEvent,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  at,
  bob,
  clientId,
  created,
  createTestLog,
  createTestWorld,
  removed,
  said,
  startTs,
  theGroup,
  tooLate,
  type TestLog,
} from '@parley/domain/testing';
import { createConversationStates } from '../conversations/conversation-states.ts';
import { ConversationParked, StoreUnavailable } from '../projection.ts';
import { createTail } from '../tail.ts';
import { createTestTimeline, project } from '../testing/stores.ts';
import { createTimelineQueries, type TimelineView } from './timeline-view.ts';
import { timeline, type TimelineRange } from './timeline.ts';

const other = 'g_2' as ConversationId;

/** Queries over a log whose projector stopped after its first events. */
async function behind(log: TestLog, storedEvents: number) {
  const world = createTestWorld();
  const store = createTestTimeline();
  await project(timeline, store, log.events().slice(0, storedEvents));
  const states = createConversationStates(log);
  return { world, store, queries: createTimelineQueries({ log, tail: createTail(log, world), world, store, states }) };
}

const put = (log: TestLog, event: ChatEvent, others: Partial<StoredEvent> = {}) => log.put(event, others);

function logOf(...events: readonly ChatEvent[]): TestLog {
  const log = createTestLog();
  for (const event of events) put(log, event);
  return log;
}

const everything: TimelineRange = { order: 'oldest-first', limit: 100 };

describe('the view of a timeline', () => {
  it('shows what the projector has not stored yet, after what it has', async () => {
    const log = logOf(created([alice]), said('a'), said('b'), said('c'));
    const { queries, store } = await behind(log, 2);
    const view = await queries.view(theGroup);
    expect(store.contents().checkpoint).toBe(2);
    expect((await view.range(everything)).map(({ stored, prev, ordinal }) => [stored.position, prev, ordinal])).toEqual(
      [
        [1, 0, 0],
        [2, 1, 1],
        [3, 2, 2],
        [4, 3, 3],
      ],
    );
    expect(view.head).toMatchObject({ position: 4, prev: 3, ordinal: 3 });
  });

  it('does not show void events, nor count them', async () => {
    const log = logOf(created([alice]), said('a'));
    put(log, said('late'), tooLate);
    put(log, said('b'));
    const rows = await (await (await behind(log, 1)).queries.view(theGroup)).range(everything);
    expect(rows.map(({ stored, prev, ordinal }) => [stored.position, prev, ordinal])).toEqual([
      [1, 0, 0],
      [2, 1, 1],
      [4, 2, 2],
    ]);
  });

  it('counts nothing twice that the store has beyond its checkpoint: heads are written before it', async () => {
    const log = logOf(created([alice]), said('a'), said('b'), said('c'));
    const { world, store } = await behind(log, 3);
    const early = { ...store, checkpoint: async () => at(1) };
    const tail = createTail(log, world);
    const queries = createTimelineQueries({ log, tail, world, store: early, states: createConversationStates(log) });
    const view = await queries.view(theGroup);
    expect(view.head).toMatchObject({ position: 4, prev: 3, ordinal: 3 });
    expect((await view.range(everything)).map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3]);
  });

  it('is empty, with no state, where nothing was created', async () => {
    const view = await (await behind(logOf(), 0)).queries.view(theGroup);
    expect(view).toMatchObject({ head: undefined, state: { type: 'none' } });
    expect(await view.range(everything)).toEqual([]);
  });

  it('waits a moment for the projector, and no longer', async () => {
    const { queries, world } = await behind(logOf(created([alice])), 0);
    const before = world.now();
    await queries.view(theGroup);
    expect(world.now() - before).toBeGreaterThanOrEqual(200);
    expect(world.now() - before).toBeLessThan(200 + 16);
  });

  it('does not wait when the projector has come as far as the log', async () => {
    const { queries, world } = await behind(logOf(created([alice])), 1);
    await queries.view(theGroup);
    expect(world.slept).toEqual([]);
  });

  it('has a state no older than its head', async () => {
    const log = logOf(created([alice, bob]));
    const { queries } = await behind(log, 1);
    await queries.view(theGroup); // now the state is kept
    put(log, removed(bob));
    expect(isMember((await queries.view(theGroup)).state, bob)).toBe(false);
  });

  it('shows nothing newer than its state, even when the projector has gone on meanwhile', async () => {
    const log = logOf(created([alice, bob]), said('for bob'));
    const { queries, store } = await behind(log, 2);
    const view = await queries.view(theGroup);
    put(log, removed(bob));
    put(log, said('not for bob'));
    await project(timeline, store, log.events());
    const rows = await view.range(everything);
    expect(isMember(view.state, bob)).toBe(true);
    expect(rows.filter(({ stored }) => isMessageEvent(stored)).map(({ stored }) => stored.position)).toEqual([2]);
  });

  it('says unavailable, never nothing, for a conversation that is parked', async () => {
    const log = logOf(created([alice]), said('a'));
    const { queries, store } = await behind(log, 0);
    const parked = { conversationId: theGroup, position: at(1), reason: 'unreadable' };
    await store.write(0 as never, { rows: [], heads: [], parked: [parked], checkpoint: at(2) });
    await expect(queries.view(theGroup)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    const key = { conversationId: theGroup, senderId: alice, clientMsgId: clientId(startTs) };
    await expect(queries.byClientMessageId(key)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });

  it('equals the fully folded one wherever the projector stopped', async () => {
    const event = fc.oneof(fc.constant(said('x')), fc.constant(added([bob])), fc.constant(removed(bob)));
    const step = fc.tuple(event, fc.constantFrom(theGroup, other), fc.constantFrom({}, {}, tooLate));
    const bound = fc.option(fc.nat(22).map(at), { nil: undefined });
    const aRange = fc
      .record({
        after: bound,
        before: bound,
        order: fc.constantFrom('oldest-first', 'newest-first'),
        limit: fc.integer({ min: 1, max: 25 }),
        only: fc.constantFrom('messages', 'conversation-events', undefined),
      })
      .map((range) => JSON.parse(JSON.stringify(range)) as TimelineRange); // without the keys that are undefined
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat(22), aRange, async (steps, storedEvents, range) => {
        const log = createTestLog();
        for (const id of [theGroup, other]) put(log, created([alice]), { conversationId: id });
        for (const [event, conversationId, others] of steps) put(log, event, { conversationId, ...others });
        const [late, complete] = [await behind(log, storedEvents), await behind(log, log.events().length)];
        const views = await Promise.all([late.queries.view(theGroup), complete.queries.view(theGroup)]);
        const [here, there] = views;
        expect(here.head).toEqual(there.head);
        expect(here.state).toEqual(there.state);
        expect(await here.range(range)).toEqual(await there.range(range));
        const [together] = await late.queries.views([theGroup, other]);
        expect(await together?.range(range)).toEqual(await there.range(range));
        const last = there.head?.position ?? at(0);
        expect(wasMemberAt(here.state, bob, last)).toBe(wasMemberAt(there.state, bob, last));
      }),
    );
  });
});

describe('a look-up by client message id', () => {
  const id = clientId(startTs, 7);
  const key = { conversationId: theGroup, senderId: alice, clientMsgId: id };

  it.each([1, 2, 3])('finds the message with %i events stored', async (storedEvents) => {
    const { queries } = await behind(logOf(created([alice]), said('a', id), said('b')), storedEvents);
    expect((await queries.byClientMessageId(key))?.stored.position).toBe(2);
  });

  it('finds neither that of another sender nor that in another conversation', async () => {
    const { queries } = await behind(logOf(created([alice]), said('a', id)), 1);
    expect(await queries.byClientMessageId({ ...key, senderId: bob })).toBeUndefined();
    expect(await queries.byClientMessageId({ ...key, conversationId: other })).toBeUndefined();
  });

  it('does not find a void one', async () => {
    const log = logOf(created([alice]));
    put(log, said('late', id), tooLate);
    for (const storedEvents of [1, 2]) {
      expect(await (await behind(log, storedEvents)).queries.byClientMessageId(key)).toBeUndefined();
    }
  });
});

describe('the position before', () => {
  const log = logOf(created([alice]), said('a'), said('b'));
  const previous = async (storedEvents: number, position: number, since: number) =>
    (await behind(log, storedEvents)).queries.previous({
      conversationId: theGroup,
      position: at(position),
      since: at(since),
    });

  it('is that of the head when it is the event itself, and the head when that lies before it', async () => {
    expect(await previous(3, 3, 2)).toBe(2);
    expect(await previous(2, 3, 2)).toBe(2);
  });

  it('is not known when the timeline is behind the asker, ahead of the event, or has no head', async () => {
    expect(await previous(1, 3, 2)).toBeUndefined();
    expect(await previous(3, 2, 1)).toBeUndefined();
    expect(await previous(0, 1, 0)).toBeUndefined();
  });
});

describe('a page', () => {
  const nothingAnswers = () => Promise.reject(new StoreUnavailable('too few copies'));

  /** Too few copies answer, and the one that does has these events; the log has all. */
  async function ofOneCopy(log: TestLog, copyEvents: number, lacking: readonly number[] = []) {
    const world = createTestWorld();
    const copy = createTestTimeline();
    await project(timeline, copy, log.events().slice(0, copyEvents));
    const anyCopy = {
      ...copy,
      range: async (...args: Parameters<typeof copy.range>) =>
        (await copy.range(...args)).filter(({ stored }) => !lacking.includes(stored.position)),
    };
    const calls = { checkpoint: nothingAnswers, heads: nothingAnswers, parked: nothingAnswers };
    const store = { ...copy, ...calls, range: nothingAnswers, byClientMessageId: nothingAnswers, anyCopy };
    const states = createConversationStates(log);
    const queries = createTimelineQueries({ log, tail: createTail(log, world), world, store, states });
    return { copy, queries };
  }
  const rowsOf = async (view: TimelineView) => (await view.range(everything)).map(({ stored }) => stored.position);

  it('is read from a sure view while there is one, and says nothing', async () => {
    const { queries } = await behind(logOf(created([alice]), said('a')), 1);
    expect(await queries.page(theGroup, async (view) => [await rowsOf(view), view.asOfTs])).toEqual([
      [1, 2],
      undefined,
    ]);
  });

  it('is what one copy and the log know when too few copies answer, as of the newest event of them', async () => {
    const log = logOf(created([alice]), said('a'), said('b'));
    put(log, said('c'), { storedTs: startTs + 7 });
    const { queries } = await ofOneCopy(log, 2, [2]);
    const read = queries.page(theGroup, async (view) => [await rowsOf(view), view.asOfTs]);
    expect(await read).toEqual([[1, 3, 4], startTs + 7]);
  });

  it('is read again as a whole when copies go while it is read', async () => {
    const { queries, copy } = await ofOneCopy(logOf(created([alice]), said('a')), 2);
    const store = { ...copy, range: nothingAnswers, anyCopy: copy };
    expect((await queries.page(theGroup, rowsOf)).length).toBe(2);
    const log = logOf(created([alice]), said('a'));
    const world = createTestWorld();
    const states = createConversationStates(log);
    const going = createTimelineQueries({ log, tail: createTail(log, world), world, store, states });
    expect(await going.page(theGroup, async (view) => [await rowsOf(view), view.asOfTs])).toEqual([[1, 2], startTs]);
  });

  it('is seen under the state that the log has now, whatever the copy missed', async () => {
    const log = logOf(created([alice, bob]), said('a'));
    const { queries } = await ofOneCopy({ ...log, head: async () => at(2) }, 2);
    const isBobSeen = () => queries.page(theGroup, async ({ state }) => isMember(state, bob));
    expect(await isBobSeen()).toBe(true);
    put(log, removed(bob));
    expect(await isBobSeen()).toBe(false);
  });

  it('is unavailable when the copy knows nothing of the conversation, and empty when nobody does', async () => {
    const log = logOf(created([alice]), said('a'));
    const { queries, copy } = await ofOneCopy(log, 2);
    await copy.drop();
    await copy.write(0 as never, { rows: [], heads: [], parked: [], checkpoint: at(2) });
    await expect(queries.page(theGroup, rowsOf)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await queries.page(other, rowsOf)).toEqual([]);
  });

  it('is unavailable, not stale, for a conversation that is parked', async () => {
    const log = logOf(created([alice]), said('a'));
    const { store, world } = await behind(log, 2);
    const parked = [{ conversationId: theGroup, position: at(2), reason: 'x' }];
    const parking = { ...store, parked: async () => parked, anyCopy: store };
    const states = createConversationStates(log);
    const queries = createTimelineQueries({ log, tail: createTail(log, world), world, store: parking, states });
    await expect(queries.page(theGroup, rowsOf)).rejects.toBeInstanceOf(ConversationParked);
  });

  it('alone is read from one copy: views and look-ups are not', async () => {
    const { queries } = await ofOneCopy(logOf(created([alice]), said('a')), 2);
    await expect(queries.view(theGroup)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(queries.views([theGroup])).rejects.toBeInstanceOf(StoreUnavailable);
    const key = { conversationId: theGroup, senderId: alice, clientMsgId: clientId(1) };
    await expect(queries.byClientMessageId(key)).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

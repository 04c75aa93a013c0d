import {
  evolve,
  isMessageEvent,
  NO_CONVERSATION,
  visibleIntervals,
  type ConversationEvent,
  type ConversationState,
  type Position,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { added, alice, at, bob, carol, created, left, removed, said, stored, theGroup } from '@parley/domain/testing';
import { createTestTimeline, project } from '../testing/stores.ts';
import { pageConversationEventsMax, readAfter, readPage, readRow, type Page, type PageRequest } from './page.ts';
import { timeline, type TimelineRow } from './timeline.ts';
import type { TimelineView } from './timeline-view.ts';

const message = said('x');
const sinceJoin = { settings: { history: 'since_join' } } as const;

/** A view of a conversation in which these events happened, from position 1. */
async function viewOf(...happened: readonly (ConversationEvent | typeof message)[]): Promise<TimelineView> {
  const events: StoredEvent[] = happened.map((event, index) =>
    stored<ConversationEvent | typeof message>(index + 1, event),
  );
  const store = createTestTimeline();
  await project(timeline, store, events);
  const state = happened.reduce<ConversationState>(
    (before, event, index) => (event.type === 'message.sent' ? before : evolve(before, stored(index + 1, event))),
    NO_CONVERSATION,
  );
  const head = store.contents().heads.get(theGroup);
  return { conversationId: theGroup, head, state, range: (range) => store.range(theGroup, range) };
}

const positions = (rows: readonly TimelineRow[]): number[] => rows.map(({ stored }) => stored.position);

/** By whom: alice, unless the view is given with another one. */
async function page(of: TimelineView | readonly [TimelineView, UserId], anchor: PageRequest['anchor'], limit: number) {
  const [view, viewer] = 'range' in of ? [of, alice] : of;
  const { messages, conversationEvents, hasMore } = await readPage(view, { viewer, anchor, limit });
  return { messages: positions(messages), conversationEvents: positions(conversationEvents), hasMore };
}

describe('a page of history', () => {
  const chat = () => viewOf(created([alice]), message, message, message, message, message); // messages 2 to 6

  it('is the newest messages, newest first, without an anchor', async () => {
    expect(await page(await chat(), undefined, 2)).toEqual({ messages: [6, 5], conversationEvents: [], hasMore: true });
  });

  it('is what lies strictly before a position, newest first', async () => {
    expect(await page(await chat(), { before: at(5) }, 2)).toMatchObject({ messages: [4, 3], hasMore: true });
  });

  it('is what lies strictly after a position, oldest first', async () => {
    expect(await page(await chat(), { after: at(3) }, 2)).toMatchObject({ messages: [4, 5], hasMore: true });
  });

  it('is a position with both its sides, oldest first', async () => {
    expect(await page(await chat(), { around: at(4) }, 3)).toMatchObject({ messages: [3, 4, 5], hasMore: true });
    expect(await page(await chat(), { around: at(4) }, 10)).toMatchObject({
      messages: [2, 3, 4, 5, 6],
      hasMore: false,
    });
    expect(await page(await chat(), { around: at(2) }, 4)).toMatchObject({ messages: [2, 3, 4, 5], hasMore: true });
  });

  it('is that one message, and nothing else, where one is asked for around it', async () => {
    expect(await page(await chat(), { around: at(4) }, 1)).toEqual({
      messages: [4],
      conversationEvents: [],
      hasMore: true,
    });
  });

  it('says that there is more exactly when there is', async () => {
    const view = await chat();
    expect(await page(view, undefined, 5)).toMatchObject({ messages: [6, 5, 4, 3, 2], hasMore: false });
    expect(await page(view, undefined, 4)).toMatchObject({ hasMore: true });
    expect(await page(view, { after: at(4) }, 2)).toMatchObject({ messages: [5, 6], hasMore: false });
    expect(await page(view, { after: at(4) }, 1)).toMatchObject({ hasMore: true });
    expect(await page(view, { before: at(2) }, 5)).toMatchObject({ messages: [], hasMore: false });
    expect(await page(view, { after: at(6) }, 5)).toMatchObject({ messages: [], hasMore: false });
  });

  it('takes any anchor, the first position and the last one there can be', async () => {
    const view = await chat();
    const last = Number.MAX_SAFE_INTEGER as Position;
    expect((await page(view, { around: at(0) }, 10)).messages).toEqual([2, 3, 4, 5, 6]);
    expect((await page(view, { after: at(0) }, 10)).messages).toEqual([2, 3, 4, 5, 6]);
    expect((await page(view, { before: at(0) }, 10)).messages).toEqual([]);
    expect((await page(view, { before: last }, 10)).messages).toEqual([6, 5, 4, 3, 2]);
    expect((await page(view, { around: last }, 10)).messages).toEqual([2, 3, 4, 5, 6]);
    expect((await page(view, { after: last }, 10)).messages).toEqual([]);
  });
});

describe('the membership events on a page', () => {
  const busy = () => viewOf(created([alice]), message, added([bob]), message, removed(bob), message, added([carol]));

  it('are those in the range that the messages span, in the same order', async () => {
    const view = await busy();
    expect(await page(view, undefined, 1)).toEqual({ messages: [6], conversationEvents: [7], hasMore: true });
    expect(await page(view, { before: at(6) }, 1)).toEqual({ messages: [4], conversationEvents: [5], hasMore: true });
    expect(await page(view, { before: at(4) }, 1)).toEqual({
      messages: [2],
      conversationEvents: [3, 1],
      hasMore: false,
    });
    expect(await page(view, { after: at(0) }, 2)).toEqual({
      messages: [2, 4],
      conversationEvents: [1, 3],
      hasMore: true,
    });
    expect(await page(view, { after: at(4) }, 2)).toEqual({
      messages: [6],
      conversationEvents: [5, 7],
      hasMore: false,
    });
    expect(await page(view, { around: at(4) }, 3)).toEqual({
      messages: [2, 4, 6],
      conversationEvents: [1, 3, 5, 7],
      hasMore: false,
    });
  });

  it('are those near the anchor when there are too many', async () => {
    const many = Array.from({ length: pageConversationEventsMax }, () => added([bob]));
    const view = await viewOf(created([alice]), ...many, message);
    const { conversationEvents } = await page(view, undefined, 5);
    expect(conversationEvents).toHaveLength(pageConversationEventsMax);
    expect(conversationEvents.at(-1)).toBe(2);
  });
});

describe('what a page shows of a conversation whose history begins with the joining', () => {
  // bob is there from 3 to 5 and again from 8.
  const history = () =>
    viewOf(
      created([alice], sinceJoin),
      message,
      added([bob]),
      message,
      removed(bob),
      message,
      message,
      added([bob]),
      message,
    );

  it('is what was said while the viewer was there, his coming and going included', async () => {
    const view = await history();
    expect(await page([view, bob], undefined, 10)).toEqual({
      messages: [9, 4],
      conversationEvents: [8, 5, 3],
      hasMore: false,
    });
    expect(await page([view, bob], { after: at(0) }, 1)).toEqual({
      messages: [4],
      conversationEvents: [3],
      hasMore: true,
    });
    expect(await page([view, bob], { around: at(6) }, 4)).toMatchObject({ messages: [4, 9], hasMore: false });
  });

  it('is everything to the one who was always there', async () => {
    expect((await page(await history(), { after: at(0) }, 10)).messages).toEqual([2, 4, 6, 7, 9]);
  });

  it('is nothing to a member who has left, to a stranger, and of a conversation that is not there', async () => {
    const nothing = { messages: [], conversationEvents: [], hasMore: false };
    const view = await viewOf(created([alice, bob], sinceJoin), message, left(bob), message);
    expect(await page([view, bob], undefined, 10)).toEqual(nothing);
    expect(await page([view, carol], undefined, 10)).toEqual(nothing);
    expect(await page(await viewOf(), undefined, 10)).toEqual(nothing);
  });

  it('is all of it where history is shared, to present members only', async () => {
    const view = await viewOf(created([alice]), message, added([bob, carol]), message, removed(carol));
    expect((await page([view, bob], undefined, 10)).messages).toEqual([4, 2]);
    expect((await page([view, carol], undefined, 10)).messages).toEqual([]);
  });

  it('is one message only to those who may see it', async () => {
    const view = await history();
    const row = async (viewer: UserId, position: number) =>
      (await readRow(view, viewer, at(position)))?.stored.position;
    expect(await row(bob, 4)).toBe(4);
    expect(await row(bob, 6)).toBeUndefined();
    expect(await row(alice, 6)).toBe(6);
    expect(await row(carol, 4)).toBeUndefined();
    expect(await row(alice, 10)).toBeUndefined();
    expect(await row(alice, 0)).toBeUndefined();
  });

  it('is in one piece what came after a position', async () => {
    const view = await history();
    const after = async (position: number, limit: number) =>
      positions(await readAfter(view, bob, { after: at(position), limit }));
    expect(await after(0, 10)).toEqual([3, 4, 5, 8, 9]);
    expect(await after(4, 2)).toEqual([5, 8]);
    expect(await after(9, 10)).toEqual([]);
  });
});

describe('walking through all pages', () => {
  const event = fc.constantFrom(message, message, added([bob]), removed(bob), added([carol]), left(carol));
  const aHistory = fc
    .tuple(fc.constantFrom(sinceJoin, {}), fc.array(event, { maxLength: 40 }))
    .map(([settings, events]) => [created([alice, bob], settings), ...events]);

  /** What the state allows, by the state alone. */
  function visible(view: TimelineView, rows: readonly TimelineRow[], viewer: UserId): readonly number[] {
    const intervals = visibleIntervals(view.state, viewer);
    const isVisible = (position: number) =>
      intervals.some(({ from, to = Infinity }) => from <= position && position <= to);
    return positions(rows).filter(isVisible);
  }

  interface Walk {
    readonly direction: 'before' | 'after';
    readonly viewer: UserId;
    readonly limit: number;
  }

  async function walk(view: TimelineView, { direction, viewer, limit }: Walk) {
    const pages: Page[] = [];
    let anchor: PageRequest['anchor'] = direction === 'after' ? { after: at(0) } : undefined;
    for (;;) {
      const one = await readPage(view, { viewer, anchor, limit });
      pages.push(one);
      const last = one.messages.at(-1)?.stored.position;
      if (!one.hasMore || last === undefined) break;
      anchor = direction === 'after' ? { after: last } : { before: last };
    }
    const messages = pages.flatMap((one) => positions(one.messages));
    const events = pages.flatMap((one) => positions(one.conversationEvents));
    return direction === 'after'
      ? { messages, events }
      : { messages: messages.toReversed(), events: events.toReversed() };
  }

  it('gives every visible message and membership event exactly once and in order, in either direction', async () => {
    const viewer = fc.constantFrom(alice, bob, carol);
    const direction = fc.constantFrom('before', 'after');
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.tuple(viewer, direction),
        fc.integer({ min: 1, max: 7 }),
        async (happened, [viewer, direction], limit) => {
          const view = await viewOf(...happened);
          const all = await view.range({ order: 'oldest-first', limit: 100 });
          const walked = await walk(view, { direction, viewer, limit });
          expect(walked.messages).toEqual(
            visible(
              view,
              all.filter(({ stored }) => isMessageEvent(stored)),
              viewer,
            ),
          );
          expect(walked.events).toEqual(
            visible(
              view,
              all.filter(({ stored }) => !isMessageEvent(stored)),
              viewer,
            ),
          );
        },
      ),
    );
  });
});

// Pages of history, as one member may see them.
import { visibleIntervals, type ConversationState, type Position, type UserId } from '@parley/domain';
import type { TimelineRange, TimelineRow } from './timeline.ts';
import type { TimelineView } from './timeline-view.ts';

/** Membership events that one page carries at most; a longer run of them is cut at its far end. */
export const pageConversationEventsMax = 500;

export interface PageRequest {
  readonly viewer: UserId;
  /** Strictly before, strictly after, or on both sides of a position that is itself included; the newest page without any. */
  readonly anchor:
    | { readonly before: Position }
    | { readonly after: Position }
    | { readonly around: Position }
    | undefined;
  /** Messages at most. */
  readonly limit: number;
}

export interface Page {
  /** Newest first for `before` and the newest page, else oldest first. */
  readonly messages: readonly TimelineRow[];
  /** Membership events in the range the messages span, in the same order. */
  readonly conversationEvents: readonly TimelineRow[];
  readonly hasMore: boolean;
}

export async function readPage(view: TimelineView, request: PageRequest): Promise<Page> {
  const { anchor, limit } = request;
  const see = visible(view, request.viewer);
  if (!anchor || 'before' in anchor) {
    return side(see, { order: 'newest-first', ...(anchor && { before: anchor.before }) }, limit);
  }
  if ('after' in anchor) return side(see, { order: 'oldest-first', after: anchor.after }, limit);
  const before = anchor.around;
  const older = await side(see, { order: 'newest-first', before }, Math.floor(limit / 2));
  const newer = await side(
    see,
    { order: 'oldest-first', after: (before - 1) as Position },
    limit - older.messages.length,
  );
  return {
    messages: [...older.messages.toReversed(), ...newer.messages],
    conversationEvents: [...older.conversationEvents.toReversed(), ...newer.conversationEvents],
    hasMore: older.hasMore || newer.hasMore,
  };
}

/** One row, if this member may see it. */
export async function readRow(
  view: TimelineView,
  viewer: UserId,
  position: Position,
): Promise<TimelineRow | undefined> {
  const around = { after: (position - 1) as Position, before: (position + 1) as Position };
  const [row] = await visible(view, viewer)({ ...around, order: 'oldest-first', limit: 1 });
  return row;
}

/** Everything after a position, oldest first: what a resume gives. */
export const readAfter = (
  view: TimelineView,
  viewer: UserId,
  from: { readonly after: Position; readonly limit: number },
): Promise<readonly TimelineRow[]> => visible(view, viewer)({ ...from, order: 'oldest-first' });

type Range = (range: TimelineRange) => Promise<readonly TimelineRow[]>;

async function side(see: Range, bounds: Omit<TimelineRange, 'limit' | 'only'>, limit: number): Promise<Page> {
  const found = await see({ ...bounds, limit: limit + 1, only: 'messages' });
  const messages = found.slice(0, limit);
  const hasMore = found.length > limit;
  const far = hasMore ? messages.at(-1)?.stored.position : undefined;
  const conversationEvents = await see({
    ...bounds,
    ...(far !== undefined && (bounds.order === 'newest-first' ? { after: far } : { before: far })),
    limit: limit === 0 ? 0 : pageConversationEventsMax,
    only: 'conversation-events',
  });
  return { messages, conversationEvents, hasMore };
}

/** The view's range, cut to the intervals this user may read. */
function visible(view: TimelineView, viewer: UserId): Range {
  return async (range) => {
    const rows: TimelineRow[] = [];
    for (const interval of inOrder(view.state, viewer, range.order)) {
      const limit = range.limit - rows.length;
      if (limit === 0) break;
      const bounds = intersect(range, interval.from - 1, (interval.to ?? Number.MAX_SAFE_INTEGER - 1) + 1);
      if (bounds.after + 1 < bounds.before) rows.push(...(await view.range({ ...range, ...bounds, limit })));
    }
    return rows;
  };
}

function inOrder(state: ConversationState, viewer: UserId, order: TimelineRange['order']) {
  const intervals = visibleIntervals(state, viewer);
  return order === 'oldest-first' ? intervals : intervals.toReversed();
}

const intersect = (range: TimelineRange, after: number, before: number): { after: Position; before: Position } => ({
  after: Math.max(range.after ?? 0, after) as Position,
  before: Math.min(range.before ?? Number.MAX_SAFE_INTEGER, before) as Position,
});

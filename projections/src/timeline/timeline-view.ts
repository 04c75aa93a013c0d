// One conversation's timeline as of now: stored rows and, where the projector is behind, rows folded from the log's tail.
import {
  NO_POSITION,
  shardOf,
  type ConversationId,
  type ConversationState,
  type Position,
  type TimestampMs,
} from '@parley/domain';
import type { ConversationStates } from '../conversations/conversation-states.ts';
import { ConversationParked, StoreUnavailable } from '../projection.ts';
import { assertSound, createFreshReads, type Fresh, type FreshReadsDependencies } from '../fresh-reads.ts';
import {
  isClientMessage,
  isInRange,
  timeline,
  type ClientMessageKey,
  type PageReads,
  type TimelineHead,
  type TimelineRange,
  type TimelineRow,
  type TimelineStore,
} from './timeline.ts';

export interface TimelineView {
  readonly conversationId: ConversationId;
  readonly head: TimelineHead | undefined;
  /** No older than anything in this view. */
  readonly state: ConversationState;
  /**
   * Only in a view of one copy, which may lack what others have: when the newest event that is known here was stored. What
   * was said later may be missing, and of what was said before, what this copy missed.
   */
  readonly asOfTs?: TimestampMs;
  /** Up to the head, however much is said meanwhile. */
  range(range: TimelineRange): Promise<readonly TimelineRow[]>;
}

export interface TimelineQueries {
  view(conversationId: ConversationId): Promise<TimelineView>;
  /**
   * For pages alone: reads from a view, or, when too few copies answer for one, from a view of whichever does, which says so
   * (`asOfTs`). What decides anything (look-ups, resumes, members) never goes this way.
   */
  page<T>(conversationId: ConversationId, read: (view: TimelineView) => Promise<T>): Promise<T>;
  views(conversationIds: readonly ConversationId[]): Promise<readonly TimelineView[]>;
  /** The accepted message that a sender's id names; undefined means: none was acked before the call. */
  byClientMessageId(key: ClientMessageKey): Promise<TimelineRow | undefined>;
  /** Position of the accepted event before this one, for a reader that saw everything after `since`; undefined: not known. */
  previous(at: { conversationId: ConversationId; position: Position; since: Position }): Promise<Position | undefined>;
}

export interface TimelineQueryDependencies extends Omit<
  FreshReadsDependencies<TimelineHead, TimelineRow>,
  'projection' | 'store'
> {
  readonly store: TimelineStore;
  readonly states: ConversationStates;
}

export function createTimelineQueries(deps: TimelineQueryDependencies): TimelineQueries {
  const { store, states } = deps;
  const fresh = createFreshReads({ ...deps, projection: timeline });

  const { anyCopy } = store;
  const ofAnyCopy = anyCopy && {
    store: anyCopy,
    fresh: createFreshReads({ ...deps, store: anyCopy, projection: timeline }),
  };

  async function toView(conversationId: ConversationId, read: FreshTimeline): Promise<TimelineView> {
    const { head } = read;
    const { state } = head ? await states.atLeast(conversationId, head.meta) : await states.current(conversationId);
    return { conversationId, head, state, range: rangeOf(deps, conversationId, read) };
  }

  async function view(conversationId: ConversationId): Promise<TimelineView> {
    const read = (await fresh.read([conversationId])).get(conversationId);
    return toView(conversationId, read ?? NOTHING);
  }

  /** Who may see it is asked of the log: a copy that missed a removal would still show everything. */
  async function viewOfAnyCopy(
    conversationId: ConversationId,
    of: NonNullable<typeof ofAnyCopy>,
  ): Promise<TimelineView> {
    const read = (await of.fresh.read([conversationId])).get(conversationId);
    const { state, meta } = await states.current(conversationId);
    const view = {
      conversationId,
      state,
      range: rangeOf({ ...deps, store: of.store }, conversationId, read ?? NOTHING),
    };
    if (read?.head) return { ...view, head: read.head, asOfTs: read.head.storedTs };
    if (meta === NO_POSITION) return { ...view, head: undefined }; // nor does the log
    throw new StoreUnavailable(`${conversationId}: the copy that answers knows nothing of it`);
  }

  return {
    view,
    async page(conversationId, read) {
      try {
        return await read(await view(conversationId));
      } catch (error) {
        const isFewCopies = error instanceof StoreUnavailable && !(error instanceof ConversationParked);
        if (!isFewCopies || ofAnyCopy === undefined) throw error;
        return await read(await viewOfAnyCopy(conversationId, ofAnyCopy));
      }
    },
    async views(conversationIds) {
      const reads = await fresh.read(conversationIds);
      return Promise.all(conversationIds.map((id) => toView(id, reads.get(id) ?? NOTHING)));
    },
    async byClientMessageId(key) {
      const { unstored, soundTs } = (await fresh.read([key.conversationId])).get(key.conversationId) ?? NOTHING;
      const found = unstored.find((row) => isClientMessage(row, key)) ?? (await store.byClientMessageId(key));
      await assertSound(deps, [key.conversationId], soundTs);
      return found;
    },
    async previous({ conversationId, position, since }) {
      const checkpoint = await store.checkpoint(shardOf(conversationId, deps.log.shards));
      const head = (await store.heads([conversationId])).get(conversationId);
      if (checkpoint < since || !head || head.position > position) return undefined;
      return head.position === position ? head.prev : head.position;
    },
  };
}

/** What came after the head is not in this view, though the store may have it by now: live frames bring it. */
function rangeOf(
  deps: Pick<TimelineQueryDependencies, 'log' | 'world'> & { readonly store: PageReads },
  conversationId: ConversationId,
  { head, unstored, soundTs }: FreshTimeline,
): TimelineView['range'] {
  return async (asked) => {
    const before = Math.min(asked.before ?? Number.MAX_SAFE_INTEGER, (head?.position ?? 0) + 1) as Position;
    const range = { ...asked, before };
    const rows = await deps.store.range(conversationId, range);
    await assertSound(deps, [conversationId], soundTs);
    return merge(rows, unstored, range);
  };
}

type FreshTimeline = Pick<Fresh<TimelineHead, TimelineRow>, 'head' | 'unstored' | 'soundTs'>;

const NOTHING: FreshTimeline = { head: undefined, unstored: [], soundTs: Infinity };

/** Both hold the same row where they overlap. */
function merge(
  stored: readonly TimelineRow[],
  unstored: readonly TimelineRow[],
  range: TimelineRange,
): readonly TimelineRow[] {
  const added = unstored.filter((row) => isInRange(row, range));
  if (added.length === 0) return stored;
  const rows = new Map([...stored, ...added].map((row) => [row.stored.position, row]));
  const sign = range.order === 'oldest-first' ? 1 : -1;
  return [...rows.values()].toSorted((a, b) => sign * (a.stored.position - b.stored.position)).slice(0, range.limit);
}

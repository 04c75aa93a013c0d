// What one member missed in one conversation, or why that cannot be told by a resume.
import { isMember, type ConversationState, type Position, type UserId } from '@parley/domain';
import { readAfter, type TimelineRow, type TimelineView } from '@parley/projections';
import type { ResumeFailedFrame } from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import { undefinedIfUnavailable } from './views.ts';

export type Missed =
  | {
      readonly type: 'rows';
      /** Everything up to here is in the rows, or was seen before. */
      readonly head: Position;
      readonly rows: readonly TimelineRow[];
      readonly state: ConversationState;
    }
  | { readonly type: 'failed'; readonly reason: ResumeFailedFrame['reason']; readonly head?: Position };

export interface MissedSince {
  readonly viewer: UserId;
  readonly after: Position;
}

type MissedContext = Pick<HandlerContext, 'limits' | 'world'>;

export async function readMissed(
  context: MissedContext,
  view: TimelineView | undefined,
  since: MissedSince,
): Promise<Missed> {
  if (!view) return { type: 'failed', reason: 'unavailable' };
  const { head, state } = view;
  if (!head || !isMember(state, since.viewer)) return { type: 'failed', reason: 'not_a_member' };
  const rows = since.after < head.position ? await rowsUpTo(context, view, { ...since, head: head.position }) : [];
  if (!rows) return { type: 'failed', reason: 'unavailable' };
  const reason = excess(context, rows);
  if (reason) return { type: 'failed', reason, head: head.position };
  return { type: 'rows', head: head.position, rows, state };
}

async function rowsUpTo(
  { limits }: MissedContext,
  view: TimelineView,
  { viewer, after, head }: MissedSince & { readonly head: Position },
): Promise<readonly TimelineRow[] | undefined> {
  // One more than allowed tells whether there are too many.
  const rows = await undefinedIfUnavailable(readAfter(view, viewer, { after, limit: limits.resumeEntriesMax + 1 }));
  // The store may have grown since the head was read: what is above it comes live.
  return rows?.filter(({ stored }) => stored.position <= head);
}

function excess({ limits, world }: MissedContext, rows: readonly TimelineRow[]): 'too_old' | 'too_many' | undefined {
  const [oldest] = rows;
  if (oldest && oldest.stored.storedTs < world.now() - limits.resumeAgeMsMax) return 'too_old';
  return rows.length > limits.resumeEntriesMax ? 'too_many' : undefined;
}

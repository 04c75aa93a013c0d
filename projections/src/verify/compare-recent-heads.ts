// Recent heads against the rows, which `verify.ts` compares with the log: what is missing is no difference, what is there has to be what
// the row says. Workers go on meanwhile: rows are written first, so a difference is one that is still there at a second look.
import type { ConversationId, Shard, World } from '@parley/domain';
import { briefHead, recentToBrief } from '../conversations/brief-head.ts';
import type { ConversationHead } from '../conversations/conversations.ts';
import type { InspectedHead, RecentHeads } from '../conversations/recent-heads.ts';
import type { ProjectionStore } from '../projection.ts';
import { canonical } from './canonical.ts';
import type { Difference } from './differences.ts';

export const COMPARE_RECENT_HEADS = {
  conversationsAtOnce: 500,
  /** Longer than whoever writes rows takes to write the head beside them. */
  secondLookMs: 1_000,
} as const;

export interface RecentHeadsComparison {
  readonly recent: Pick<RecentHeads, 'inspect'>;
  readonly store: Pick<ProjectionStore<ConversationHead, never>, 'heads'>;
  readonly world: Pick<World, 'sleep'>;
  readonly signal: AbortSignal;
}

/** Of conversations of one shard. Ends early when the signal aborts. */
export async function* compareRecentHeads(
  deps: RecentHeadsComparison,
  shard: Shard,
  conversationIds: readonly ConversationId[],
): AsyncGenerator<Difference> {
  const { conversationsAtOnce, secondLookMs } = COMPARE_RECENT_HEADS;
  for (let at = 0; at < conversationIds.length && !deps.signal.aborted; at += conversationsAtOnce) {
    const first = await differing(deps, shard, conversationIds.slice(at, at + conversationsAtOnce));
    if (first.size === 0) continue;
    await deps.world.sleep(secondLookMs, deps.signal);
    const second = await differing(deps, shard, [...first.keys()]);
    // One that is written again and again is never seen twice as it was.
    for (const [id, seen] of second) if (canonical(seen.stored) === canonical(first.get(id)?.stored)) yield seen;
  }
}

type RecentHeadDifference = Extract<Difference, { readonly type: 'different' | 'extra' }>;

async function differing(
  { recent, store }: RecentHeadsComparison,
  shard: Shard,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, RecentHeadDifference>> {
  const inspected = await recent.inspect(shard, conversationIds);
  const rows = await store.heads([...inspected.keys()]);
  const found = [...inspected].flatMap(([id, one]) => compare(id, one, rows.get(id)) ?? []);
  return new Map(found.map((difference) => [difference.conversationId, difference]));
}

/** The row was read later: where it is beyond the head, somebody is about to write that. */
function compare(
  conversationId: ConversationId,
  inspected: InspectedHead,
  row: ConversationHead | undefined,
): RecentHeadDifference | undefined {
  const expected = row && briefHead(row);
  const stored = inspected.type === 'unreadable' ? inspected.found : (recentToBrief(inspected.head) ?? inspected.head);
  const isRead = inspected.type === 'head' && inspected.isOfThisEra;
  // Of an era that is over: nobody reads it, unless somebody else's hand wrote it.
  if (!isRead && typeof stored === 'object' && 'outline' in stored) return undefined;
  const what = 'recent head';
  if (expected === undefined) return { type: 'extra', conversationId, what, stored };
  return canonical(stored) === canonical(expected)
    ? undefined
    : { type: 'different', conversationId, what, expected, stored };
}

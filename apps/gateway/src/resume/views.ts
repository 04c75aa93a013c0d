// The named conversations as of a moment after the request: together where possible, one by one where one of them fails.
import type { ConversationId } from '@parley/domain';
import type { TimelineView } from '@parley/projections';
import type { HandlerContext } from '../context.ts';
import { isUnavailable } from '../failures.ts';

export type Views = readonly (readonly [ConversationId, TimelineView | undefined])[];

/** In the order of the ids; undefined: cannot be had at the moment. */
export async function viewsOf(
  { timeline }: Pick<HandlerContext, 'timeline'>,
  ids: readonly ConversationId[],
): Promise<Views> {
  const together = await undefinedIfUnavailable(timeline.views(ids));
  if (together) return together.map((view) => [view.conversationId, view]);
  const one = async (id: ConversationId) => [id, await undefinedIfUnavailable(timeline.view(id))] as const;
  return Promise.all(ids.map(one));
}

export async function undefinedIfUnavailable<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

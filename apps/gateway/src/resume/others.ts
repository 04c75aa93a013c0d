// A resume also says which conversations it did not name: some of them may be new to this device.
import type { ConversationId, Position, UserId } from '@parley/domain';
import { mapToPositions, type ResumedFrame } from '@parley/protocol';
import type { HandlerContext } from '../context.ts';
import { undefinedIfUnavailable } from './views.ts';

type Others = Pick<ResumedFrame, 'others' | 'others_more'>;

/** The latest first; when they cannot be had, none, and "there are more": the client then looks by REST. */
export async function otherHeads(
  { conversations, limits }: Pick<HandlerContext, 'conversations' | 'limits'>,
  userId: UserId,
  named: ReadonlyMap<ConversationId, Position>,
): Promise<Others> {
  const all = await undefinedIfUnavailable(conversations.ofUser(userId));
  if (!all) return { others: {}, others_more: true };
  const others = all.filter(({ conversationId }) => !named.has(conversationId));
  const told = others.slice(0, limits.resumeConversationsMax);
  return {
    others: mapToPositions(told.map(({ conversationId, position }) => [conversationId, position])),
    others_more: told.length < others.length,
  };
}

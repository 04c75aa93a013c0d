// REST: who is in a conversation, and changing that.
import { presentMembers, type OpenConversation, type UserId } from '@parley/domain';
import { conversationSummary, type Member, type MemberPage } from '@parley/protocol';
import { changeConversation } from '../commands/change-conversation.ts';
import { jsonAnswer, noContent } from './answer.ts';
import { changeRefusal, currentFor, isRefused, refused, type Call, type Result } from './call.ts';
import { badCursor, decodeCursor, encodeCursor, type CursorScope } from './cursor.ts';

export async function listMembers({ context, input, caller }: Call<'listMembers'>): Promise<Result> {
  const conversationId = input.params.conversation_id;
  const state = await currentFor(context, conversationId, caller);
  if (isRefused(state)) return state;
  const { limit = context.limits.pageEntriesDefault, cursor } = input.query;
  const scope = { logEpoch: context.config.logEpoch, of: `members ${conversationId}` };
  const from = cursor === undefined ? 0 : placeAfter(state, scope, cursor);
  return from === undefined ? badCursor : jsonAnswer(200, memberPage(state, { scope, from, limit }));
}

/** Places are among all who ever joined, in that order, which never changes: a page does not shift when somebody leaves. */
function placeAfter({ members }: OpenConversation, scope: CursorScope, cursor: string): number | undefined {
  const place = decodeCursor(scope, cursor);
  const index = place?.length === 1 ? [...members.keys()].findIndex((userId) => userId === place[0]) : -1;
  return index < 0 ? undefined : index + 1;
}

interface PageOf {
  readonly scope: CursorScope;
  readonly from: number;
  readonly limit: number;
}

function memberPage(state: OpenConversation, { scope, from, limit }: PageOf): MemberPage {
  const behind = new Set([...state.members.keys()].slice(from));
  const rest = presentMembers(state).filter(({ userId }) => behind.has(userId));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    members: page.map(({ userId, role }) => ({ user_id: userId, role })),
    ...(last && rest.length > page.length ? { next_cursor: encodeCursor(scope, [last.userId]) } : {}),
  };
}

export async function addMembers({ context, input, caller }: Call<'addMembers'>): Promise<Result> {
  const conversationId = input.params.conversation_id;
  const { user_ids: userIds, role = 'member' } = input.body;
  const command = { type: 'add-members', actorId: caller, userIds, role } as const;
  const outcome = await changeConversation(context, conversationId, command);
  const refusal = changeRefusal(outcome);
  if (refusal) return refused(refusal);
  const state = await currentFor(context, conversationId, caller);
  return isRefused(state) ? state : jsonAnswer(200, conversationSummary({ conversationId, state, viewerId: caller }));
}

export async function removeMember({ context, input, caller }: Call<'removeMember'>): Promise<Result> {
  const { conversation_id: conversationId, user_id: userId } = input.params;
  const outcome = await changeConversation(context, conversationId, parting(caller, userId));
  const refusal = changeRefusal(outcome);
  return refusal ? refused(refusal) : noContent;
}

export async function changeRole({ context, input, caller }: Call<'changeRole'>): Promise<Result> {
  const { conversation_id: conversationId, user_id: target } = input.params;
  const userId = target === 'me' ? caller : target;
  const { role } = input.body;
  const outcome = await changeConversation(context, conversationId, {
    type: 'change-role',
    actorId: caller,
    userId,
    role,
  });
  const refusal = changeRefusal(outcome);
  return refusal ? refused(refusal) : jsonAnswer(200, { user_id: userId, role } satisfies Member);
}

/** `me`, or my own id: leaving needs no role. */
const parting = (caller: UserId, userId: UserId) =>
  userId === 'me' || userId === caller
    ? ({ type: 'leave', actorId: caller } as const)
    : ({ type: 'remove-member', actorId: caller, userId } as const);

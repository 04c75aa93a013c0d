// REST: conversations, mine and one.
import { DEFAULT_SETTINGS, isMember, NO_POSITION, position, type Position, type UserId } from '@parley/domain';
import type { BriefHead } from '@parley/projections';
import {
  conversationSummary,
  messageFrame,
  outlineSummary,
  positionToText,
  type ConversationPage,
  type ConversationPatch,
  type ListedConversation,
  type MessageFrame,
  type NewConversation,
} from '@parley/protocol';
import {
  changeConversation,
  createGroup,
  openDirect,
  type ChangeCommand,
  type Opened,
} from '../commands/change-conversation.ts';
import { jsonAnswer } from './answer.ts';
import { changeRefusal, currentFor, isRefused, refused, type Call, type RestContext, type Result } from './call.ts';
import { badCursor, decodeCursor, encodeCursor } from './cursor.ts';

export async function createConversation({ context, input, caller }: Call<'createConversation'>): Promise<Result> {
  const opened = await open(context, caller, { ...input.body, key: input.headers['idempotency-key'] });
  if (!opened) return refused({ type: 'BadFrame', reason: 'members: a direct chat has exactly one other member' });
  const refusal = changeRefusal(opened.outcome);
  if (refusal) return refused(refusal);
  const { state } = await context.states.atLeast(opened.conversationId, createdAt(opened));
  if (state.type === 'none') return refused({ type: 'NoSuchConversation' });
  if (!isMember(state, caller)) return refused({ type: 'NotAMember' }); // a repeat by someone who has left since
  const summary = conversationSummary({ conversationId: opened.conversationId, state, viewerId: caller });
  return jsonAnswer(opened.outcome.type === 'Appended' ? 201 : 200, summary);
}

const createdAt = ({ outcome }: Opened): Position => (outcome.type === 'Appended' ? outcome.position : NO_POSITION);

async function open(
  context: RestContext,
  caller: UserId,
  { type, members, name, settings, key }: NewConversation & { readonly key: string | undefined },
): Promise<Opened | undefined> {
  const others = [...new Set(members)].filter((userId) => userId !== caller);
  if (type === 'group') {
    return createGroup(context, {
      creatorId: caller,
      memberIds: others,
      ...(name === undefined ? {} : { name }),
      settings: { ...DEFAULT_SETTINGS, ...settings },
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
  }
  const [other] = others;
  return other === undefined || others.length > 1 ? undefined : openDirect(context, caller, other);
}

export async function getConversation({ context, input, caller }: Call<'getConversation'>): Promise<Result> {
  const conversationId = input.params.conversation_id;
  const state = await currentFor(context, conversationId, caller);
  if (isRefused(state)) return state;
  return jsonAnswer(200, conversationSummary({ conversationId, state, viewerId: caller }));
}

export async function updateConversation({ context, input, caller }: Call<'updateConversation'>): Promise<Result> {
  const conversationId = input.params.conversation_id;
  for (const command of asked(input.body, caller)) {
    const refusal = changeRefusal(await changeConversation(context, conversationId, command));
    if (refusal) return refused(refusal);
  }
  const state = await currentFor(context, conversationId, caller);
  return isRefused(state) ? state : jsonAnswer(200, conversationSummary({ conversationId, state, viewerId: caller }));
}

const asked = ({ name, settings }: ConversationPatch, actorId: UserId): readonly ChangeCommand[] => [
  ...(name === undefined ? [] : [{ type: 'rename', actorId, name } as const]),
  ...(settings === undefined ? [] : [{ type: 'change-settings', actorId, settings } as const]),
];

export async function listConversations({ context, input, caller }: Call<'listConversations'>): Promise<Result> {
  const { limit = context.limits.pageEntriesDefault, cursor } = input.query;
  const scope = { logEpoch: context.config.logEpoch, of: 'conversations' };
  const place = cursor === undefined ? undefined : decodeCursor(scope, cursor);
  if (cursor !== undefined && !isAfterPlace(place)) return badCursor;
  const all = await context.conversations.ofUser(caller);
  // What became active since the first page moved to the top: it is not on later pages, and the client heard of it live.
  const rest = isAfterPlace(place) ? all.filter((head) => isBehind(head, place)) : all;
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const next =
    last && rest.length > page.length ? encodeCursor(scope, [last.lastActivityTs, last.conversationId]) : undefined;
  const answer: ConversationPage = {
    conversations: page.map((head) => listed(head, caller)),
    ...(next === undefined ? {} : { next_cursor: next }),
  };
  return jsonAnswer(200, answer);
}

type AfterPlace = readonly [lastActivityTs: number, conversationId: string];

const isAfterPlace = (place: readonly unknown[] | undefined): place is AfterPlace =>
  place !== undefined && place.length === 2 && typeof place[0] === 'number' && typeof place[1] === 'string';

/** In the list's order: later activity first, equal times by id. */
const isBehind = ({ lastActivityTs, conversationId }: BriefHead, [ts, id]: AfterPlace): boolean =>
  lastActivityTs < ts || (lastActivityTs === ts && conversationId > id);

function listed(head: BriefHead, viewerId: UserId): ListedConversation {
  const { conversationId, outline, lastActivityTs } = head;
  const lastMessage = preview(head);
  return {
    ...outlineSummary({ conversationId, outline, viewerId }),
    head: positionToText(head.position),
    ...(lastMessage === undefined ? {} : { last_message: lastMessage }),
    last_activity_ts: lastActivityTs,
  };
}

function preview({ lastMessage, ...head }: BriefHead): MessageFrame | undefined {
  if (!lastMessage) return undefined;
  // When something followed the message, its predecessor is not in the head: the position before makes clients look.
  const prev = lastMessage.position === head.position ? head.prev : position(lastMessage.position - 1);
  return messageFrame({ stored: lastMessage, prev });
}

// Who is told what of an event: its frames, each with the users it is for. Pure.
import {
  isConversationEvent,
  isMessageEvent,
  membersAt,
  type ConversationEvent,
  type ConversationState,
  type Position,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { conversationFrame, messageFrame } from '@parley/protocol';

export interface Told {
  readonly frame: object;
  readonly userIds: readonly UserId[];
}

export interface AudienceOf {
  readonly stored: StoredEvent;
  readonly prev: Position;
  /** As of the event or later: who was a member at a position has one answer from any newer state. */
  readonly state: ConversationState;
}

/** Its members at that position: of a removal, the removed one too, and of nothing after it. */
export function audience({ stored, prev, state }: AudienceOf): readonly Told[] {
  const userIds = membersAt(state, stored.position);
  if (isMessageEvent(stored)) return [{ frame: messageFrame({ stored, prev }), userIds }];
  if (!isConversationEvent(stored)) return [];
  const frameFor = (viewerId: UserId): object => conversationFrame({ stored, prev, summaryFor: { state, viewerId } });
  const welcomed = new Set(whoNeedsSummary(stored.event));
  const others = userIds.filter((userId) => !welcomed.has(userId));
  const isDirect = state.type === 'open' && state.kind === 'direct';
  return [
    ...(isDirect ? [...welcomed].map((userId) => ({ frame: frameFor(userId), userIds: [userId] })) : []),
    ...(isDirect ? [] : sharedWelcome([...welcomed], frameFor)),
    ...(others.length > 0 ? [{ frame: conversationFrame({ stored, prev }), userIds: others }] : []),
  ];
}

/** In a group the summary is the same whoever looks. */
function sharedWelcome(userIds: readonly UserId[], frameFor: (viewerId: UserId) => object): readonly Told[] {
  const [first] = userIds;
  return first === undefined ? [] : [{ frame: frameFor(first), userIds }];
}

function whoNeedsSummary(event: ConversationEvent): readonly UserId[] {
  if (event.type === 'conversation.created') return event.memberIds;
  return event.type === 'conversation.members_added' ? event.userIds : [];
}

// Facts for tests: short to write, complete to read. Only tests import this folder.
import type {
  ConversationCreated,
  ConversationRenamed,
  ConversationSettings,
  MemberLeft,
  MemberRemoved,
  MembersAdded,
  RoleChanged,
  SettingsChanged,
} from '../conversation/conversation.ts';
import type { Role } from '../conversation/members.ts';
import type { ChatEvent, StoredEvent } from '../event.ts';
import type { ClientMessageId, ConversationId, Position, UserId } from '../ids.ts';
import type { MessageSent } from '../message/message.ts';

export const userId = (name: string): UserId => name as UserId;
export const at = (value: number): Position => value as Position;

export const alice = userId('alice');
export const bob = userId('bob');
export const carol = userId('carol');
export const dave = userId('dave');
export const theGroup = 'g_1' as ConversationId;

/** When test worlds begin. */
export const startTs = 1_700_000_000_000;

export const created = (
  memberIds: readonly UserId[],
  others: Partial<ConversationCreated> = {},
): ConversationCreated => ({
  type: 'conversation.created',
  kind: 'group',
  memberIds,
  settings: { history: 'shared' },
  ...others,
});

export const added = (userIds: readonly UserId[], role: Role = 'member'): MembersAdded => ({
  type: 'conversation.members_added',
  userIds,
  role,
});

export const renamed = (name: string): ConversationRenamed => ({ type: 'conversation.renamed', name });

export const historyIs = (history: ConversationSettings['history']): SettingsChanged => ({
  type: 'conversation.settings_changed',
  settings: { history },
});

export const roleOf = (userId: UserId, role: Role): RoleChanged => ({
  type: 'conversation.role_changed',
  userId,
  role,
});

export const removed = (userId: UserId): MemberRemoved => ({ type: 'conversation.member_removed', userId });

export const left = (userId: UserId): MemberLeft => ({ type: 'conversation.member_left', userId });

export const said = (body: string, clientMsgId = clientId(startTs, 1)): MessageSent => ({
  type: 'message.sent',
  clientMsgId,
  body,
  bodyType: 'text',
});

/** A version 7 UUID minted at that time; another number makes another one. */
export function clientId(mintedTs: number, number = 0): ClientMessageId {
  const time = mintedTs.toString(16).padStart(12, '0');
  const tail = number.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}` as ClientMessageId;
}

/** As it would be in the log: accepted, unless not-after says otherwise. */
export const stored = <Event extends ChatEvent>(
  position: number,
  event: Event,
  others: Partial<StoredEvent<Event>> = {},
): StoredEvent<Event> => ({
  conversationId: theGroup,
  actorId: alice,
  event,
  decidedOn: at(0),
  notAfterTs: startTs + 30_000,
  idempotencyKey: `key-${position}`,
  bodyHash: `hash-${position}`,
  position: at(position),
  storedTs: startTs,
  ...others,
});

/** What makes a stored event void: it came a moment too late. */
export const tooLate = { notAfterTs: startTs - 1, storedTs: startTs } as const;

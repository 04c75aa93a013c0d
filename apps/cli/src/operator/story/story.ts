// Events as sentences: who said or did what, when, at which position. What people wrote is shown without control characters.
import { isVoid, type ConversationCreated, type MessageSent, type StoredEvent } from '@parley/domain';
import { printable } from '../../chat/describe.ts';

const positionWidth = 8;

/** One line. */
export function storyLine(stored: StoredEvent): string {
  const { position, storedTs, notAfterTs } = stored;
  const late = `VOID, stored ${((storedTs - notAfterTs) / 1_000).toFixed(1)} s after its not-after: `;
  return `${placeOf(position, new Date(storedTs).toISOString())}  ${isVoid(stored) ? late : ''}${deed(stored)}`;
}

export const placeOf = (position: number, time: string): string => `${`#${position}`.padStart(positionWidth)}  ${time}`;

function deed({ actorId, event }: StoredEvent): string {
  switch (event.type) {
    case 'message.sent':
      return `${actorId}${relations(event)}: ${printable(event.body)}`;
    case 'conversation.created':
      return `-- ${actorId} created ${created(event)}`;
    case 'conversation.members_added':
      return `-- ${actorId} added ${event.userIds.join(', ')} as ${event.role}`;
    case 'conversation.member_removed':
      return `-- ${actorId} removed ${event.userId}`;
    case 'conversation.member_left':
      return `-- ${event.userId} left`;
    case 'conversation.renamed':
      return `-- ${actorId} renamed the group to "${printable(event.name)}"`;
    case 'conversation.settings_changed':
      return `-- ${actorId} changed the settings (history: ${event.settings.history})`;
    case 'conversation.role_changed':
      return `-- ${actorId} made ${event.userId} ${event.role}`;
  }
}

function created({ kind, name, memberIds, settings }: ConversationCreated): string {
  const what = kind === 'direct' ? 'a direct chat' : name === undefined ? 'a group' : `the group "${printable(name)}"`;
  return `${what} of ${memberIds.join(', ')} (history: ${settings.history})`;
}

function relations({ replyTo, threadId, mentions = [] }: MessageSent): string {
  const parts = [
    ...(replyTo === undefined ? [] : [`answers #${replyTo}`]),
    ...(threadId === undefined ? [] : [`thread #${threadId}`]),
    ...(mentions.length === 0 ? [] : [`mentions ${mentions.map(({ userId }) => userId).join(', ')}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** The same for programs: everything the log has of the event. */
export const storyEntry = (stored: StoredEvent) => ({
  position: stored.position,
  time: new Date(stored.storedTs).toISOString(),
  isVoid: isVoid(stored),
  actorId: stored.actorId,
  ...stored.event,
  decidedOn: stored.decidedOn,
  notAfter: new Date(stored.notAfterTs).toISOString(),
  idempotencyKey: stored.idempotencyKey,
  bodyHash: stored.bodyHash,
});

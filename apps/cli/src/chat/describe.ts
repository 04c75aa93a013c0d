// Entries and conversations as lines for a terminal. What others wrote is shown without control characters: a message must
// not move the cursor or paint the screen.
import type { UserId } from '@parley/domain';
import type { ConversationChange, ConversationFrame, ConversationSummary, MessageFrame } from '@parley/protocol';

/** What of a conversation its title needs. */
export type Titled = Pick<ConversationSummary, 'conversation_id' | 'type' | 'name' | 'peer_id' | 'member_count'>;

export function titleOf({ type, name, peer_id: peerId, conversation_id: id }: Titled): string {
  if (type === 'direct') return peerId ?? id;
  return name === undefined ? id : printable(name);
}

export const printable = (text: string): string =>
  text.replaceAll(/\r?\n/g, ' ↵ ').replaceAll(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '');

export const entryLine = (entry: MessageFrame | ConversationFrame, title: string): string =>
  entry.type === 'message' ? messageLine(entry, title) : conversationLine(entry, title);

const messageLine = (message: MessageFrame, title: string): string =>
  `${timeOf(message.server_ts)} [${title}] ${message.sender_id}: ${
    message.deleted_ts === undefined ? printable(message.body) : '(deleted)'
  }`;

const conversationLine = (frame: ConversationFrame, title: string): string =>
  `${timeOf(frame.server_ts)} [${title}] -- ${changeText(frame.actor_id, frame.event)}`;

function changeText(actorId: UserId, event: ConversationChange): string {
  switch (event.type) {
    case 'created':
      return `${actorId} opened this conversation`;
    case 'renamed':
      return `${actorId} renamed it to ${printable(event.name)}`;
    case 'settings_changed':
      return `${actorId} changed the settings (history: ${event.settings.history})`;
    case 'members_added':
      return `${actorId} added ${event.user_ids.join(', ')}`;
    case 'member_removed':
      return `${actorId} removed ${event.user_id}`;
    case 'member_left':
      return `${event.user_id} left`;
    case 'role_changed':
      return `${actorId} made ${event.user_id} ${event.role}`;
  }
}

const timeOf = (serverTs: number): string => new Date(serverTs).toTimeString().slice(0, 8);

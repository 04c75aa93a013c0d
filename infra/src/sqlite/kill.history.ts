// The history that the kill test's two processes both know: an event for every position.
import {
  DEFAULT_SETTINGS,
  position,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { clientMessageId, storedEvent } from '@parley/projections/contracts';

export const shard = 0 as Shard;
export const ids: readonly ConversationId[] = Array.from({ length: 40 }, (_, index) => `c${index}` as ConversationId);
const members = Array.from({ length: 50 }, (_, index) => `u${index}` as UserId);

export function eventAt(at: number): StoredEvent {
  const conversationId = ids[at % ids.length] ?? ('c0' as ConversationId);
  const event =
    at <= ids.length
      ? ({ type: 'conversation.created', kind: 'group', memberIds: members, settings: DEFAULT_SETTINGS } as const)
      : ({
          type: 'message.sent',
          clientMsgId: clientMessageId(at),
          body: `message ${at} `.repeat(20),
          bodyType: 'text',
        } as const);
  return storedEvent({ position: position(at), conversationId, event });
}

export const historyTo = (last: Position): readonly StoredEvent[] =>
  Array.from({ length: last }, (_, index) => eventAt(index + 1));

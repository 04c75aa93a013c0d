// Rows of the timeline as one viewer sees them: in `history`, on pages, alone.
import { isConversationEvent, isMessageEvent, type ConversationState, type UserId } from '@parley/domain';
import type { TimelineRow } from '@parley/projections';
import { conversationFrame, messageFrame, type ConversationFrame, type MessageFrame } from '@parley/protocol';

export interface Viewing {
  readonly viewer: UserId;
  /** At or after every row. */
  readonly state: ConversationState;
}

export const messageRowToFrame = ({ stored, prev }: TimelineRow): MessageFrame | undefined =>
  isMessageEvent(stored) ? messageFrame({ stored, prev }) : undefined;

export const conversationRowToFrame = (
  { stored, prev }: TimelineRow,
  { viewer, state }: Viewing,
): ConversationFrame | undefined =>
  isConversationEvent(stored)
    ? conversationFrame({ stored, prev, summaryFor: { state, viewerId: viewer } })
    : undefined;

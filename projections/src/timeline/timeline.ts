// The timeline: every accepted event of a conversation as a row, in the one order. It answers history pages, single
// messages, resumes and "was this client_msg_id stored?".
import {
  isMessageEvent,
  NO_POSITION,
  requiredMeta,
  type ClientMessageId,
  type ConversationId,
  type Position,
  type StoredEvent,
  type TimestampMs,
  type UserId,
} from '@parley/domain';
import type {
  Head,
  HeadReads,
  ProjectionContents,
  ProjectionStore,
  RefoldableStore,
  VerifiableProjection,
} from '../projection.ts';

export interface TimelineRow {
  readonly stored: StoredEvent;
  /** Position of the conversation's previous accepted event; NO_POSITION for the first. */
  readonly prev: Position;
  /** Of a message: its own, 1, 2, 3…; of another event: that of the last message before it. */
  readonly ordinal: number;
}

export interface TimelineHead extends Head {
  readonly prev: Position;
  readonly ordinal: number;
  /** Nothing up to here may be shown under an older conversation state. */
  readonly meta: Position;
  readonly storedTs: TimestampMs;
}

export const timeline: VerifiableProjection<TimelineHead, TimelineRow> = {
  name: 'timeline',
  version: 1,
  fold(head, stored) {
    const prev = head?.position ?? NO_POSITION;
    const ordinal = (head?.ordinal ?? 0) + (isMessageEvent(stored) ? 1 : 0);
    const { conversationId, position, storedTs } = stored;
    return {
      head: { conversationId, position, prev, ordinal, meta: requiredMeta(stored), storedTs },
      rows: [{ stored, prev, ordinal }],
    };
  },
  place: ({ stored }) => stored,
};

/** What a page is read from. */
export interface PageReads extends HeadReads<TimelineHead> {
  /** Rows of one conversation strictly between two positions, nearest to the end the order starts from first. */
  range(conversationId: ConversationId, range: TimelineRange): Promise<readonly TimelineRow[]>;
}

export interface TimelineStore
  extends ProjectionStore<TimelineHead, TimelineRow>, RefoldableStore, ProjectionContents<TimelineRow>, PageReads {
  /**
   * What any one copy answers, for when too few of them do for a sure answer: rows may be missing, also older ones, but none
   * is wrong. Absent where there is one copy.
   */
  readonly anyCopy?: PageReads;
  /** The accepted message that this sender's id names, if it is stored here. */
  byClientMessageId(key: ClientMessageKey): Promise<TimelineRow | undefined>;
}

export interface TimelineRange {
  readonly after?: Position;
  readonly before?: Position;
  readonly order: 'oldest-first' | 'newest-first';
  readonly limit: number;
  readonly only?: 'messages' | 'conversation-events';
}

export interface ClientMessageKey {
  readonly conversationId: ConversationId;
  readonly senderId: UserId;
  readonly clientMsgId: ClientMessageId;
}

export const isInRange = (row: TimelineRow, range: TimelineRange): boolean =>
  row.stored.position > (range.after ?? NO_POSITION) &&
  row.stored.position < (range.before ?? Number.MAX_SAFE_INTEGER) &&
  (range.only === undefined || (range.only === 'messages') === isMessageEvent(row.stored));

export const isClientMessage = (row: TimelineRow, key: ClientMessageKey): boolean =>
  isMessageEvent(row.stored) &&
  row.stored.conversationId === key.conversationId &&
  row.stored.actorId === key.senderId &&
  row.stored.event.clientMsgId === key.clientMsgId;

// Conversations' newest heads where every process finds many at once. A convenience beside the rows, never instead of them: a
// server that failed over may have lost the newest, so what is found can be older than the rows (docs/adr/0010-recent-heads.md).
import type { ConversationId, Position } from '@parley/domain';

export interface RecentHead {
  readonly conversationId: ConversationId;
  readonly position: Position;
  /** What its writer made of the head, for readers of the same kind. */
  readonly text: string;
}

/** Both methods are one round trip, and reject with StoreUnavailable, after a bounded time, when nobody answers. */
export interface RecentHeads {
  /** Of each conversation the higher position stays, whoever writes in whatever order; of equal ones the first. */
  raise(heads: readonly RecentHead[]): Promise<void>;
  /** Absent ones are unknown, which says nothing: ask the rows. */
  find(conversationIds: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, RecentHead>>;
}

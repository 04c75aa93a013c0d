// Conversations' newest heads where every process finds many at once, of one generation of `conversations`. A convenience beside the
// rows, never instead of them: a shard says itself up to where its heads are the newest (docs/adr/0010-recent-heads.md).
import type { ConversationId, Position, Shard } from '@parley/domain';

export interface RecentHead {
  readonly conversationId: ConversationId;
  readonly position: Position;
  /** What its writer made of the head, for readers of the same kind. Empty: not to be kept. */
  readonly text: string;
}

/** Of a shard: each head kept in this era is the newest of its conversation as of this position. */
export interface HeadsMark {
  readonly era: string;
  readonly position: Position;
}

/** What whoever folds a shard says after each step. */
export interface HeadsStep {
  /** The mark it left; undefined when it does not know one. */
  readonly after: HeadsMark | undefined;
  readonly upTo: Position;
  /** Of every conversation with an event between, as of `upTo` or later. */
  readonly heads: readonly RecentHead[];
}

/** Heads that somebody read elsewhere, as of `upTo` or later. */
export interface HeadsOffer extends Omit<HeadsStep, 'after'> {
  readonly era: string;
}

/** Both as of one moment. */
export interface FoundHeads {
  readonly mark: HeadsMark;
  readonly heads: ReadonlyMap<ConversationId, RecentHead>;
}

/** What lies under a conversation's name. */
export type InspectedHead =
  | { readonly type: 'head'; readonly head: RecentHead; readonly isOfThisEra: boolean }
  | { readonly type: 'unreadable'; readonly found: string };

/**
 * Within an era the higher position of a conversation stays, whoever writes in whatever order; of equal ones the first. Every method
 * is one round trip, and rejects with StoreUnavailable, after a bounded time, when nobody answers.
 */
export interface RecentHeads {
  /** At once: the heads, and the mark. Where the mark is no longer `after`, a new era begins: all that was kept is forgotten. */
  follow(shard: Shard, step: HeadsStep): Promise<HeadsMark>;
  /** Shards without a mark are absent, and so are heads that are not kept: that says nothing, ask the rows. */
  find(asked: ReadonlyMap<Shard, readonly ConversationId[]>): Promise<ReadonlyMap<Shard, FoundHeads>>;
  /** Keeps them, unless the era is over or its mark is beyond `upTo`: between the two there may be newer ones. */
  offer(shard: Shard, offer: HeadsOffer): Promise<void>;
  forget(shard: Shard, conversationIds: readonly ConversationId[]): Promise<void>;
  /** Whatever is there, for whoever compares it with the log; what is not there is absent. */
  inspect(
    shard: Shard,
    conversationIds: readonly ConversationId[],
  ): Promise<ReadonlyMap<ConversationId, InspectedHead>>;
}

/** The heads of each generation are apart. */
export type RecentHeadsOf = (generation: number) => RecentHeads;

// A read model is a fold, where it writes, and what it answers. This file is the fold and the port it writes through;
// `runner.ts` drives it; each projection has a folder of its own.
import type { ConversationId, Position, Shard, StoredEvent } from '@parley/domain';

/** What every head row has: how far its conversation is applied. */
export interface Head {
  readonly conversationId: ConversationId;
  readonly position: Position;
}

export interface Projection<H extends Head, Row> {
  readonly name: string;
  /** Raise it when the stored form changes: the next start builds a new generation. */
  readonly version: number;
  /** One accepted event onto its conversation's head. Pure; void events never come here. May throw: that parks the conversation. */
  fold(head: H | undefined, stored: StoredEvent): Folded<H, Row>;
}

export interface Folded<H, Row> {
  readonly head: H;
  readonly rows: readonly Row[];
}

/** Everything one step of a reader writes for one shard. */
export interface Batch<H extends Head, Row> {
  /** In log order. */
  readonly rows: readonly Row[];
  /** At most one for a conversation. */
  readonly heads: readonly H[];
  readonly parked: readonly ParkedConversation[];
  /** The shard is applied up to here. */
  readonly checkpoint: Position;
}

/** A conversation this projection could not go on with: later events are counted, not applied, until it is refolded. */
export interface ParkedConversation {
  readonly conversationId: ConversationId;
  readonly position: Position;
  readonly reason: string;
}

/** What fresh-reads.ts asks of a store. */
export type HeadReads<H extends Head> = Pick<ProjectionStore<H, never>, 'checkpoint' | 'heads' | 'parked'>;

/**
 * Where one generation of a projection is stored. Writes are idempotent: the same batch again, or two workers writing
 * overlapping batches, leave the same rows. Every method rejects with StoreUnavailable when the store cannot be reached.
 */
export interface ProjectionStore<H extends Head, Row> {
  /** NO_POSITION before the first batch. */
  checkpoint(shard: Shard): Promise<Position>;
  /** Conversations without a head are absent. */
  heads(conversationIds: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, H>>;
  parked(shard: Shard): Promise<readonly ParkedConversation[]>;
  /** Rows, then heads, then the checkpoint (which only rises), each durable before the next; one transaction where there is one. */
  write(shard: Shard, batch: Batch<H, Row>): Promise<void>;
  /** Deletes the generation with all it holds. */
  drop(): Promise<void>;
}

/** A store that cannot be reached or does not answer in time: the caller retries. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The store answers, but this conversation waits there to be folded again: no other copy knows more. */
export class ConversationParked extends StoreUnavailable {}

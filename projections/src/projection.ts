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

/** One whose rows can be compared with the log. */
export interface VerifiableProjection<H extends Head, Row> extends Projection<H, Row> {
  /** Where a row stands among those of its conversation. */
  place(row: Row): RowPlace;
}

export interface RowPlace {
  readonly conversationId: ConversationId;
  /** Of the event that made it. */
  readonly position: Position;
  /** Of two rows with one key the one of the higher position stays, and they lie in its order. Absent: the position is the key. */
  readonly key?: string;
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

/** In what order rows of one conversation lie. */
export function comparePlaces(a: RowPlace, b: RowPlace): number {
  if (a.key === undefined || b.key === undefined) return a.position - b.position;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** A store with all that operators ask of one. */
export type FullStore<H extends Head, Row> = ProjectionStore<H, Row> & RefoldableStore & ProjectionContents<Row>;

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
  /** A new generation is folded so far that it may be read: what only reading needs is made now, where that is cheaper than before. */
  complete?(): Promise<void>;
  /** Deletes the generation with all it holds. */
  drop(): Promise<void>;
}

/** A conversation that is to be folded again, in place, from its first event. */
export interface RefoldRequest {
  readonly shard: Shard;
  readonly conversationId: ConversationId;
}

/** Most requests that one look gives. */
export const refoldsAskedMax = 1_000;

/** How a refold ended. */
export interface Refolded {
  /** The conversation is applied up to here; where it is parked once more, up to the event before. */
  readonly upTo: Position;
  /** A fold threw. */
  readonly parked?: ParkedConversation;
}

/**
 * Refolds in place: anybody asks for one, and whoever folds the shard carries it out (`refolder.ts`). A conversation is parked
 * from `clearForRefold` to `finishRefold`, also when whoever refolds it dies between: the request stays, the next one begins anew.
 */
export interface RefoldableStore {
  /** Idempotent, and durable once it resolves. */
  askRefolds(requests: readonly RefoldRequest[]): Promise<void>;
  /** What is asked for and not finished, in any shard: at most `refoldsAskedMax`. */
  refoldsAsked(): Promise<readonly RefoldRequest[]>;
  /**
   * Parks these conversations and deletes all that is stored of them. What is written from here on wins over what was written
   * before, by whomever; `above` is no lower than any position that was written.
   */
  clearForRefold(shard: Shard, conversationIds: readonly ConversationId[], above: Position): Promise<void>;
  /** No longer parked, or parked anew; then the request is gone, unless it was made again since the conversation was cleared. */
  finishRefold(request: RefoldRequest, refolded: Refolded): Promise<void>;
}

/** Why a conversation that is being refolded is parked. */
export const BEING_REFOLDED = 'it is being refolded';

/**
 * From parking a conversation to clearing it. Whoever saw that it is not parked, and has read what it wanted within this time, has
 * read it whole; whoever takes longer cannot know.
 */
export const refoldGraceMs = 2_000;

/** All that is stored, for whoever compares it with the log (`verify/`). Heads are read as ever. */
export interface ProjectionContents<Row> {
  /** Every conversation of which anything is stored, whatever its shard; in bounded steps, some possibly more than once. */
  conversationIds(): AsyncIterable<readonly ConversationId[]>;
  /** Every row of these conversations of one shard, in bounded steps, each conversation's in the order of their places. */
  rows(shard: Shard, conversationIds: readonly ConversationId[]): AsyncIterable<StoredRows<Row>>;
}

export interface StoredRows<Row> {
  readonly rows: readonly Row[];
  readonly flaws: readonly Flaw[];
}

/** What a store keeps besides rows and heads (look-up tables, timestamps) does not agree with them. */
export interface Flaw {
  readonly conversationId: ConversationId;
  /** Which, and what about it: `client_msg_ids: no row for position 12`. */
  readonly problem: string;
  /** No refold in place mends it: it takes a new generation. */
  readonly isLasting?: boolean;
}

/** A store that cannot be reached or does not answer in time: the caller retries. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The store answers, but this conversation waits there to be folded again: no other copy knows more. */
export class ConversationParked extends StoreUnavailable {}

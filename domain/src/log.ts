// What everyone means by the log. `infra/nats` implements it on JetStream, `infra/memory` for tests and the simulation;
// both pass the one contract suite, `log.contract.ts`.
import type { ConversationEvent } from './conversation/conversation.ts';
import type { NewEvent, StoredEvent } from './event.ts';
import type { ConversationId, Position, Shard } from './ids.ts';

export interface EventLog {
  /** Number of shards, fixed when the deployment was created. */
  readonly shards: number;

  /**
   * Stores the event, on the condition that `decidedOn` is still its conversation's last `.meta` position. Durable when it
   * resolves with `Appended`. The same idempotency key within the window resolves with the original's position and
   * `duplicate: true`. One append is in flight per conversation, in call order; the rest wait, bounded in number. Never
   * rejects for a failure of the world: it retries until shortly before not-after, then answers `Unavailable`, and nothing
   * of it is stored as an accepted event later than that. `traceparent` (W3C Trace Context) travels beside the event, for
   * those who trace it: it is no part of the fact.
   */
  append(event: NewEvent, traceparent?: string): Promise<Appended | AppendRefusal>;

  /**
   * Every event of the shard after the given position, in order, none missing and none twice, whatever happens to servers
   * and connections meanwhile; goes on with live events until the signal aborts. Each step gives all that has arrived, at
   * least one event, at most `readBatchMax`. Throws LogGap when `after` is beyond the head or an event is gone,
   * UnknownEventVersion or MalformedEvent at an event this reader cannot understand, after having given the ones before it.
   */
  read(shard: Shard, after: Position, options: ReadOptions): AsyncIterable<readonly StoredEvent[]>;

  /** One event, from the leader: never stale. Undefined when there is none at that position. */
  readOne(shard: Shard, position: Position): Promise<StoredEvent | undefined>;

  /** Position of the shard's last event, from the leader: everything acked before the call is at or below it. */
  head(shard: Shard): Promise<Position>;

  /**
   * The conversation's `.meta` events after a position, in order, void ones included, complete at some moment after the
   * call began.
   */
  conversationEvents(
    conversationId: ConversationId,
    after: Position,
  ): Promise<readonly StoredEvent<ConversationEvent>[]>;

  /**
   * Every event of one conversation between two positions, what was said and what changed, void ones included, in order, in
   * steps of at most `readBatchMax`. It ends behind the last one, which the leader names, or early when the signal aborts.
   * Throws what `read` throws, and LogUnavailable when the leader cannot be asked.
   */
  conversation(conversationId: ConversationId, range: ConversationRange): AsyncIterable<readonly StoredEvent[]>;
}

export interface ConversationRange {
  /** Exclusive. */
  readonly after: Position;
  /** Inclusive; at or below the shard's head. */
  readonly upTo: Position;
  readonly signal: AbortSignal;
}

export interface ReadOptions {
  /** Who reads, for operators: `timeline-g1`, `delivery`. */
  readonly reader: string;
  /** Much is to be read, and of few shards at a time: more may be held for it. */
  readonly isBulk?: boolean;
  readonly signal: AbortSignal;
}

/** Most events one step of `read` gives. */
export const readBatchMax = 512;

export interface Appended {
  readonly type: 'Appended';
  readonly position: Position;
  /** An earlier copy is stored, be it by a lost attempt of this very call; its content may differ. */
  readonly duplicate: boolean;
}

export type AppendRefusal =
  /** `decidedOn` is no longer the last `.meta` position: load the state and decide again. */
  | { readonly type: 'Stale' }
  /** The outbox is full. */
  | { readonly type: 'Overloaded'; readonly retryAfterMs: number }
  /** Not stored as an accepted event, as far as can be known: ask again with the same id. */
  | { readonly type: 'Unavailable'; readonly retryAfterMs: number };

/** The log is not what its promises say (a hole, or a reader ahead of it): whoever reads it stops, loudly. */
export class LogGap extends Error {
  override readonly name = 'LogGap';
}

/** An event newer than this build: it is never skipped. */
export class UnknownEventVersion extends Error {
  override readonly name = 'UnknownEventVersion';
}

/** A record that is not one of ours, or is damaged: it is never skipped either. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** The log cannot be asked at the moment (not connected, no leader, time-out). */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

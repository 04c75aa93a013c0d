// Conditional appends (docs/jetstream.md, ADR 6): one in flight for each conversation in call order, a bounded outbox, retries with the
// same message id until the answer could no longer be trusted. Not here: deciding, and what to do about a refusal.
import {
  ACCEPTANCE,
  isVoid,
  position,
  shardOf,
  type Appended,
  type AppendRefusal,
  type ConversationId,
  type NewEvent,
  type Position,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import { Semaphore } from '@parley/projections';
import { API_CODES } from './api-error.ts';
import { encodeEvent } from './codec.ts';
import type { LogObserver } from './observer.ts';
import type { Publication, Publisher, PublishOutcome } from './publish.ts';
import type { RequestFailure } from './requests.ts';
import { contentionBackOff, outageBackOff, retryDelayMs, type BackOff } from './retry-delay.ts';

export const APPEND_LIMITS = {
  /** Appends a process may have waiting and in flight; one more is refused. */
  outboxMax: 4_096,
  /** On the wire at once: more do not make the server faster (docs/jetstream.md). */
  inFlightMax: 256,
  /** An attempt without an answer is repeated after this. */
  attemptTimeoutMs: 2_000,
  overloadedRetryAfterMs: 1_000,
  unavailableRetryAfterMs: 2_000,
} as const;

export interface OutboxOptions {
  readonly shards: number;
  readonly world: World;
  readonly publisher: Pick<Publisher, 'prepare' | 'publish'>;
  /** The stored event from the leader; rejects when it cannot be asked. */
  readonly readBack: (shard: Shard, position: Position) => Promise<StoredEvent | undefined>;
  readonly observer: LogObserver;
}

type Answer = Appended | AppendRefusal;

export class Outbox implements AsyncDisposable {
  readonly #options: OutboxOptions;
  readonly #inFlight = new Semaphore(APPEND_LIMITS.inFlightMax);
  /** The last append of each conversation that has one: the next waits for it. */
  readonly #lanes = new Map<ConversationId, Promise<Answer>>();
  readonly #stopping = new AbortController();
  #size = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  async append(event: NewEvent, traceparent?: string): Promise<Answer> {
    if (this.#size >= APPEND_LIMITS.outboxMax) {
      this.#options.observer.overloaded?.();
      return { type: 'Overloaded', retryAfterMs: APPEND_LIMITS.overloadedRetryAfterMs };
    }
    this.#size++;
    using trace = traceparent === undefined ? undefined : this.#options.observer.traceAppend?.(traceparent);
    try {
      return await this.#inTurn(event, trace?.traceparent);
    } finally {
      this.#size--;
    }
  }

  /** Appends under way are answered `Unavailable`: drain before, by awaiting them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#lanes.values());
  }

  async #inTurn(event: NewEvent, traceparent: string | undefined): Promise<Answer> {
    const { conversationId } = event;
    const run = (): Promise<Answer> => this.#untilAnswered(event, traceparent);
    // Whatever became of the one before, this one's turn comes.
    const answer = this.#lanes.get(conversationId)?.then(run, run) ?? run();
    this.#lanes.set(conversationId, answer);
    try {
      return await answer;
    } finally {
      if (this.#lanes.get(conversationId) === answer) this.#lanes.delete(conversationId);
    }
  }

  async #untilAnswered(event: NewEvent, traceparent: string | undefined): Promise<Answer> {
    const { world, observer, shards, publisher } = this.#options;
    const publication = publisher.prepare(encodeEvent(event, shards, traceparent));
    const startedTs = world.now();
    for (let attempt = 0; this.#mayPublish(event); attempt++) {
      const outcome = await this.#attempt(event, publication);
      if (outcome.type === 'Stored') {
        observer.appended?.(world.now() - startedTs);
        return this.#confirm(event, outcome);
      }
      observer.attemptFailed?.(outcome.code);
      if (outcome.code === API_CODES.WrongLastSequence) return { type: 'Stale' };
      await world.sleep(retryDelayMs(world, attempt, backOffAfter(outcome.code)), this.#stopping.signal);
    }
    return this.#unavailable(APPEND_LIMITS.unavailableRetryAfterMs);
  }

  /** Later than this an ack would come too near to not-after to prove anything. */
  #mayPublish({ notAfterTs }: NewEvent): boolean {
    return !this.#stopping.signal.aborted && this.#options.world.now() < notAfterTs - ACCEPTANCE.ackMarginMs;
  }

  async #attempt({ notAfterTs }: NewEvent, publication: Publication): Promise<PublishOutcome> {
    using _place = await this.#inFlight.acquire();
    const timeoutMs = Math.min(APPEND_LIMITS.attemptTimeoutMs, notAfterTs - this.#options.world.now());
    return await this.#options.publisher.publish(publication, Math.max(1, timeoutMs));
  }

  /** An ack in time is proof; one near to or after not-after is not: then the record itself is asked (ADR 6). */
  async #confirm(event: NewEvent, { seq, duplicate }: Extract<PublishOutcome, { type: 'Stored' }>): Promise<Answer> {
    const appended: Appended = { type: 'Appended', position: position(seq), duplicate };
    if (this.#mayTrustAck(event)) return appended;
    this.#options.observer.readBack?.();
    const stored = await this.#readBack(event, appended.position);
    if (stored === undefined) return this.#unavailable(APPEND_LIMITS.unavailableRetryAfterMs);
    // While the log remembers the id, every further copy is answered with the void one.
    return isVoid(stored) ? this.#unavailable(ACCEPTANCE.dedupWindowMs) : appended;
  }

  #mayTrustAck({ notAfterTs }: NewEvent): boolean {
    return this.#options.world.now() <= notAfterTs - ACCEPTANCE.ackMarginMs;
  }

  async #readBack({ conversationId }: NewEvent, at: Position): Promise<StoredEvent | undefined> {
    try {
      return await this.#options.readBack(shardOf(conversationId, this.#options.shards), at);
    } catch {
      // Not knowing is an answer here: the caller asks again with the same id.
      return undefined;
    }
  }

  #unavailable(retryAfterMs: number): AppendRefusal {
    this.#options.observer.unavailable?.();
    return { type: 'Unavailable', retryAfterMs };
  }
}

const backOffAfter = (code: number | RequestFailure): BackOff =>
  code === API_CODES.ConditionInFlight || code === API_CODES.DuplicateInFlight ? contentionBackOff : outageBackOff;

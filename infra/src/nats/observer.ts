// What the log counts for metrics: plain calls, every one optional, none of them slow.
import type { Shard, StoredEvent } from '@parley/domain';
import type { RequestFailure } from './requests.ts';

export interface LogObserver {
  /** JetStream acknowledged an append, so long after it left the conversation's queue. */
  appended?(elapsedMs: number): void;
  /** An attempt stored nothing, as far as is known: JetStream's number, or why there was no answer. */
  attemptFailed?(code: number | RequestFailure): void;
  /** An ack came so late that the record itself was asked. */
  readBack?(): void;
  overloaded?(): void;
  unavailable?(): void;
  /** A traced append begins: what comes back is ended by disposing it, and its `traceparent` goes with the event. */
  traceAppend?(traceparent: string): (Disposable & { readonly traceparent: string }) | undefined;
  /** An event that carries a trace has come to a reader. Without this, no reader looks at headers. */
  tracedEvent?(stored: StoredEvent, traceparent: string): void;
  /** A reader lost its consumer and goes on with a new one. */
  readerRestarted?(shard: Shard, reason: string): void;
}

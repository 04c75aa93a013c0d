// What the log counts for metrics: plain calls, every one optional, none of them slow.
import type { Shard } from '@parley/domain';
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
  /** A reader lost its consumer and goes on with a new one. */
  readerRestarted?(shard: Shard, reason: string): void;
}

// What operators find of conversations that a projection could not go on with, wherever its rows are: the event and the reason.
import type { Shard, StoredEvent } from '@parley/domain';
import type { ParkedConversation } from './projection.ts';

export interface ParkedRecord {
  readonly projection: string;
  readonly generation: number;
  readonly shard: Shard;
  readonly parked: ParkedConversation;
  /** At which the fold threw. */
  readonly event: StoredEvent;
}

export interface ParkedRecords {
  /** Durable when it resolves; the same record again is kept once. Rejects for failures of the world. */
  keep(record: ParkedRecord): Promise<void>;
}

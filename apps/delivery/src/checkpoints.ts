// Where a reader without rows of its own keeps how far it came. A port: `infra/nats` holds it in a KV bucket.
import type { Position, Shard } from '@parley/domain';

export interface Checkpoints {
  /** Undefined when there is none for this reader in the log's present epoch. */
  load(reader: string, shard: Shard): Promise<Position | undefined>;
  /** It only rises. */
  save(reader: string, shard: Shard, position: Position): Promise<void>;
}

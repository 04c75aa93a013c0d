// For tests: a process that opens the stores named in its argument, writes one event, and ends; as several that start at once.
import { position, type Shard } from '@parley/domain';
import { alice, created } from '@parley/domain/testing';
import { conversations, timeline } from '@parley/projections';
import { foldBatch, storedEvent } from '@parley/projections/contracts';
import { openCassandra, type CassandraOptions } from './index.ts';

interface Opening {
  readonly options: CassandraOptions;
  readonly event: number;
}

const shard = 0 as Shard;
const { options, event }: Opening = JSON.parse(process.argv[2] ?? '');
const events = [storedEvent({ position: position(event), event: created([alice]) })];

await using stores = await openCassandra(options);
const [timelineStore, conversationStore] = await Promise.all([stores.timeline(1), stores.conversations(1)]);
await timelineStore.write(shard, foldBatch(timeline, events));
await conversationStore.write(shard, foldBatch(conversations, events));

// The process that the kill test kills: folds and writes for ever, and says which positions are stored.
import { position, type ConversationId, type StoredEvent } from '@parley/domain';
import { conversations, timeline, type Head, type Projection, type ProjectionStore } from '@parley/projections';
import { foldBatch } from '@parley/projections/contracts';
import { createWorld } from '../runtime/index.ts';
import { openSqlite } from './index.ts';
import { eventAt, ids, shard } from './kill.history.ts';

const batchEvents = 512;

async function writeForEver<H extends Head, Row>(
  projection: Projection<H, Row>,
  store: ProjectionStore<H, Row>,
  onWritten: (checkpoint: number) => void,
): Promise<never> {
  let checkpoint = await store.checkpoint(shard);
  let heads: ReadonlyMap<ConversationId, H> = await store.heads(ids);
  for (;;) {
    const events = Array.from({ length: batchEvents }, (_, index): StoredEvent => eventAt(checkpoint + index + 1));
    const batch = foldBatch(projection, events, heads);
    await store.write(shard, batch);
    heads = new Map([...heads, ...batch.heads.map((head) => [head.conversationId, head] as const)]);
    checkpoint = position(checkpoint + batchEvents);
    onWritten(checkpoint);
  }
}

const report = (): never => {
  throw new Error('nothing is discarded here');
};
const stores = await openSqlite({ directory: process.argv[2] ?? '', logEpoch: 1, world: createWorld(), report });
await Promise.all([
  writeForEver(timeline, await stores.timeline(1), (checkpoint) => process.stdout.write(`${checkpoint}\n`)),
  writeForEver(conversations, await stores.conversations(1), () => {}),
]);

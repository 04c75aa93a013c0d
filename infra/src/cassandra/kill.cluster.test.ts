import { position, type ConversationId, type Shard, type StoredEvent } from '@parley/domain';
import { StoreUnavailable, timeline, type TimelineStore } from '@parley/projections';
import { clientMessageId, foldBatch, foldHeads, storedEvent } from '@parley/projections/contracts';
import { expect, test } from 'vitest';
import { openCassandra } from './index.ts';
import { startTestNode } from './test-servers.ts';

const shard = 0 as Shard;
const ids = ['c0', 'c1', 'c2'] as readonly string[] as readonly ConversationId[];
const batchEvents = 30;
/** Named time-outs and retries of client-options.ts together, with room for a busy machine. */
const rejectedWithinMs = 15_000;

const eventAt = (at: number): StoredEvent =>
  storedEvent({
    position: position(at),
    conversationId: ids[at % ids.length] ?? ('c0' as ConversationId),
    event: { type: 'message.sent', clientMsgId: clientMessageId(at), body: `message ${at}`, bodyType: 'text' },
  });

const historyTo = (last: number) => Array.from({ length: last }, (_, index) => eventAt(index + 1));

/** Kills the node after some batches behind `last` and writes on until refused; gives what was last written, and the refusal. */
async function writeAndKill(store: TimelineStore, last: number, { kill, batches }: Killing) {
  for (let written = last; ; written += batchEvents) {
    if (written === last + batches * batchEvents) setImmediate(kill); // in the middle of the next write
    const events = historyTo(written + batchEvents);
    const batch = foldBatch(timeline, events.slice(written), foldHeads(timeline, events.slice(0, written)));
    const startedMs = performance.now();
    try {
      await store.write(shard, batch);
    } catch (error) {
      return { written, error, tookMs: performance.now() - startedMs };
    }
  }
}

interface Killing {
  readonly kill: () => void;
  readonly batches: number;
}

test('after kill -9 of the node nothing checkpointed is lost, and the same store works on', async () => {
  await using node = await startTestNode();
  await using stores = await openCassandra(node.options);
  const store = await stores.timeline(1);
  let last = 0;
  for (let kill = 1; kill <= 2; kill++) {
    const killed = Promise.withResolvers<undefined>();
    const killNode = () => void node.kill().then(() => killed.resolve(undefined), killed.reject);
    const { written, error, tookMs } = await writeAndKill(store, last, { kill: killNode, batches: 3 * kill });
    await killed.promise;
    expect(error).toBeInstanceOf(StoreUnavailable);
    process.stdout.write(`killed at ${written}, refused after ${tookMs.toFixed(0)} ms\n`);
    expect(tookMs).toBeLessThan(rejectedWithinMs);
    await expect(store.heads(ids)).rejects.toBeInstanceOf(StoreUnavailable);

    await node.start();
    await expect
      .poll(() => store.checkpoint(shard).catch(() => -1), { timeout: 30_000 })
      .toBeGreaterThanOrEqual(written);
    last = await store.checkpoint(shard);
    const rows = await Promise.all(ids.map((id) => store.range(id, { order: 'oldest-first', limit: 100_000 })));
    const found = new Set(rows.flat().map(({ stored }) => Number(stored.position)));
    expect(historyTo(last).filter((stored) => !found.has(stored.position))).toStrictEqual([]);
  }
});

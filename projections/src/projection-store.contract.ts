// What every projection's store promises, whatever it is made of. Each projection's own suite adds its queries.
import { NO_POSITION, position, type ConversationId, type StoredEvent } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conversationIds, foldBatch, foldHeads, history } from './testing/history.ts';
import type { Batch, FullStore, Head } from './projection.ts';
import { describeContents, describeRefolds } from './refoldable-store.contract.ts';
import { batchAt, otherShard, shard, unknownId, type StoreContract } from './testing/store-contract.ts';

export function describeProjectionStore<H extends Head, Row, Store extends FullStore<H, Row>>(
  contract: StoreContract<H, Row, Store>,
): void {
  describeCheckpoints(contract);
  describeParked(contract);
  describeHeads(contract);
  describeConvergence(contract);
  describeContents(contract);
  describeRefolds(contract);
}

function describeCheckpoints({ open }: Pick<StoreContract<Head, unknown, FullStore<Head, unknown>>, 'open'>): void {
  describe('checkpoint', () => {
    test('is no position before the first batch', async () => {
      await using opened = await open();
      expect(await opened.store.checkpoint(shard)).toBe(NO_POSITION);
    });

    test('only rises', async () => {
      await using opened = await open();
      for (const at of [5, 9, 7]) await opened.store.write(shard, batchAt(at));
      expect(await opened.store.checkpoint(shard)).toBe(9);
    });

    test('is one for each shard', async () => {
      await using opened = await open();
      await opened.store.write(shard, batchAt(5));
      await opened.store.write(otherShard, batchAt(3));
      expect(await opened.store.checkpoint(shard)).toBe(5);
      expect(await opened.store.checkpoint(otherShard)).toBe(3);
    });

    test('holds the highest position there can be', async () => {
      await using opened = await open();
      await opened.store.write(shard, batchAt(Number.MAX_SAFE_INTEGER));
      expect(await (await opened.reopen()).checkpoint(shard)).toBe(Number.MAX_SAFE_INTEGER);
    });
  });
}

function describeParked({ open }: Pick<StoreContract<Head, unknown, FullStore<Head, unknown>>, 'open'>): void {
  const parkedAt = (at: number) => ({
    conversationId: unknownId,
    position: position(at),
    reason: `fold failed: 'é😀' at ${at}`,
  });

  describe('parked conversations', () => {
    test('are kept for their shard', async () => {
      await using opened = await open();
      await opened.store.write(shard, { ...batchAt(5), parked: [parkedAt(4)] });
      const store = await opened.reopen();
      expect(await store.parked(shard)).toStrictEqual([parkedAt(4)]);
      expect(await store.parked(otherShard)).toStrictEqual([]);
    });

    test('are parked once, where they first failed', async () => {
      await using opened = await open();
      for (const at of [6, 4, 5]) await opened.store.write(shard, { ...batchAt(6), parked: [parkedAt(at)] });
      expect(await opened.store.parked(shard)).toStrictEqual([parkedAt(4)]);
    });
  });
}

function describeHeads<H extends Head, Row, Store extends FullStore<H, Row>>(
  contract: StoreContract<H, Row, Store>,
): void {
  const { open, projection } = contract;
  const some = fc.sample(history(), { seed: 1, numRuns: 20 }).find((events) => events.length > 20) ?? [];

  describe('heads', () => {
    test('of unknown conversations are absent', async () => {
      await using opened = await open();
      await opened.store.write(shard, foldBatch(projection, some));
      expect((await opened.store.heads([...conversationIds, unknownId])).has(unknownId)).toBe(false);
      expect(await opened.store.heads([])).toStrictEqual(new Map());
    });

    test('of a thousand conversations come at once, each once', async () => {
      await using opened = await open();
      const ids = Array.from({ length: 1_000 }, (_, index) => `c${index}` as ConversationId);
      const events = ids.flatMap((conversationId, index) =>
        some.slice(0, 1).map((stored) => ({ ...stored, conversationId, position: position(index + 1) })),
      );
      await opened.store.write(shard, foldBatch(projection, events));
      const heads = await opened.store.heads([...ids, ...ids]);
      expect(sorted(heads)).toStrictEqual(sorted(foldHeads(projection, events)));
    });
  });

  test('drop leaves nothing', async () => {
    await using opened = await open();
    const batch = foldBatch(projection, some);
    await opened.store.write(shard, {
      ...batch,
      parked: [{ conversationId: unknownId, position: batch.checkpoint, reason: 'x' }],
    });
    await opened.store.drop();
    const store = await opened.reopen();
    expect(await store.checkpoint(shard)).toBe(NO_POSITION);
    expect(await store.heads(conversationIds)).toStrictEqual(new Map());
    expect(await store.parked(shard)).toStrictEqual([]);
    expect(await contract.rowsIn(store)).toStrictEqual([]);
  });
}

function describeConvergence<H extends Head, Row, Store extends FullStore<H, Row>>(
  contract: StoreContract<H, Row, Store>,
): void {
  const { open, projection, runs } = contract;

  async function contentsOf(store: Store) {
    const [checkpoint, heads, rows] = [
      await store.checkpoint(shard),
      await store.heads(conversationIds),
      await contract.rowsIn(store),
    ];
    return { checkpoint, heads: sorted(heads), rows };
  }

  async function contentsAfter(batches: readonly Batch<H, Row>[]) {
    await using opened = await open();
    for (const batch of batches) await opened.store.write(shard, batch);
    return await contentsOf(opened.store); // awaited here, or the store is gone before it is read
  }

  test('racing workers with any overlapping batches leave what one batch leaves', async () => {
    const property = fc.asyncProperty(history().chain(withBatches), async ({ events, slices }) => {
      const batches = slices.map(([from, to]) =>
        foldBatch(projection, events.slice(from, to), foldHeads(projection, events.slice(0, from))),
      );
      expect(await contentsAfter(batches)).toStrictEqual(await contentsAfter([foldBatch(projection, events)]));
    });
    await fc.assert(property, { numRuns: runs });
  });

  test('what is read back is what was folded, and folds on', async () => {
    const property = fc.asyncProperty(history(), fc.nat(40), async (events, cut) => {
      await using opened = await open();
      await opened.store.write(shard, foldBatch(projection, events.slice(0, cut)));
      const heads = await opened.store.heads(conversationIds);
      expect(sorted(heads)).toStrictEqual(sorted(foldHeads(projection, events.slice(0, cut))));
      await opened.store.write(shard, foldBatch(projection, events.slice(cut), heads));
      expect(sorted(await opened.store.heads(conversationIds))).toStrictEqual(sorted(foldHeads(projection, events)));
    });
    await fc.assert(property, { numRuns: runs });
  });

  test('everything is there after the next start', async () => {
    await using opened = await open();
    const [events = []] = fc.sample(history(200), { seed: 2, numRuns: 1 });
    await opened.store.write(shard, foldBatch(projection, events));
    const before = await contentsOf(opened.store);
    expect(await contentsOf(await opened.reopen())).toStrictEqual(before);
  });
}

type Slice = readonly [from: number, to: number];

/** Slices that cover the history between them, with overlaps, in any order. */
function withBatches(
  events: readonly StoredEvent[],
): fc.Arbitrary<{ events: readonly StoredEvent[]; slices: Slice[] }> {
  const place = fc.nat(events.length);
  const cover = fc.array(place, { maxLength: 6 }).map((cuts) => {
    const ends = [0, ...cuts.toSorted((a, b) => a - b), events.length];
    return ends.slice(1).map((to, index): Slice => [ends[index] ?? 0, to]);
  });
  const extra = fc.array(
    fc.tuple(place, place).map(([a, b]): Slice => [Math.min(a, b), Math.max(a, b)]),
    { maxLength: 4 },
  );
  return fc
    .tuple(cover, extra)
    .chain(([covering, more]) =>
      fc.shuffledSubarray([...covering, ...more], { minLength: covering.length + more.length }),
    )
    .map((slices) => ({ events, slices }));
}

const sorted = <H>(heads: ReadonlyMap<ConversationId, H>) => [...heads].toSorted(([a], [b]) => (a < b ? -1 : 1));

// What every projection's store promises to operators: all it holds can be read, and a conversation folded again in place.
import { NO_POSITION, position, type ConversationId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BEING_REFOLDED,
  comparePlaces,
  refoldsAskedMax,
  type FullStore,
  type Head,
  type ProjectionContents,
  type RefoldRequest,
  type VerifiableProjection,
} from './projection.ts';
import { conversationIds, foldBatch, foldHeads, history } from './testing/history.ts';
import { batchAt, otherShard, shard, unknownId, type StoreContract } from './testing/store-contract.ts';

export function describeContents<H extends Head, Row, Store extends FullStore<H, Row>>(
  contract: StoreContract<H, Row, Store>,
): void {
  const { open, projection, runs } = contract;

  describe('contents', () => {
    test('are every row of the conversations asked for, each in its place, and nothing is amiss', async () => {
      const property = fc.asyncProperty(history(), fc.subarray([...conversationIds]), async (events, ids) => {
        await using opened = await open();
        await opened.store.write(shard, foldBatch(projection, events));
        const { rows, flaws } = await contentsIn(opened.store, ids);
        expect(flaws).toStrictEqual([]);
        for (const id of ids) {
          expect(rowsOf(projection, id, rows)).toStrictEqual(
            lastRows(projection, rowsOf(projection, id, foldBatch(projection, events).rows)),
          );
        }
        expect(rows).toHaveLength(ids.flatMap((id) => rowsOf(projection, id, rows)).length);
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('name every conversation of which anything is stored', async () => {
      await using opened = await open();
      const [first] = fc.sample(history(), { seed: 3, numRuns: 20 }).find((events) => events.length > 0) ?? [];
      if (!first) throw new Error('a history with events');
      const ids = Array.from({ length: 2_500 }, (_, index) => `c${index}` as ConversationId);
      const events = ids.map((conversationId, index) => ({ ...first, conversationId, position: position(index + 1) }));
      const { rows, heads } = foldBatch(projection, events);
      await opened.store.write(shard, { ...batchAt(ids.length), heads: heads.slice(0, 2_400) });
      await opened.store.write(shard, { ...batchAt(ids.length), rows });
      expect(await namedIn(opened.store)).toStrictEqual(
        new Set([
          ...heads.slice(0, 2_400).map(({ conversationId }) => conversationId),
          ...rows.map((row) => projection.place(row).conversationId),
        ]),
      );
    });

    test('of a long conversation come in bounded steps', async () => {
      await using opened = await open();
      const [events = []] = fc.sample(history(2_000), { seed: 4, numRuns: 1 });
      await opened.store.write(shard, foldBatch(projection, events));
      for await (const { rows } of opened.store.rows(shard, conversationIds))
        expect(rows.length).toBeLessThanOrEqual(1_000);
    });
  });
}

export function describeRefolds<H extends Head, Row, Store extends FullStore<H, Row>>(
  contract: StoreContract<H, Row, Store>,
): void {
  const { open, projection, runs } = contract;
  const [here = unknownId] = conversationIds;
  const request: RefoldRequest = { shard, conversationId: here };

  describe('refolds', () => {
    test('are asked for once, by anybody, until they are finished', async () => {
      await using opened = await open();
      const asked = conversationIds.map((conversationId) => ({ shard: otherShard, conversationId }));
      await opened.store.askRefolds(asked);
      await opened.store.askRefolds(asked.slice(1));
      expect(byId(await opened.store.refoldsAsked())).toStrictEqual(byId(asked));
      const store = await opened.reopen();
      for (const one of asked.slice(1)) {
        await store.clearForRefold(one.shard, [one.conversationId], position(9));
        await store.finishRefold(one, { upTo: position(9) });
      }
      expect(await store.refoldsAsked()).toStrictEqual(asked.slice(0, 1));
    });

    test('may be asked for again, also while one is under way', async () => {
      await using opened = await open();
      for (let round = 0; round < 3; round++) {
        await opened.store.askRefolds([request]);
        expect(await opened.store.refoldsAsked()).toStrictEqual([request]);
        await opened.store.clearForRefold(shard, [here], position(9));
        await opened.store.finishRefold(request, { upTo: position(9) });
        expect(await opened.store.refoldsAsked()).toStrictEqual([]);
      }
    });

    test('come no more than so many at a time', async () => {
      await using opened = await open();
      const ids = Array.from({ length: refoldsAskedMax + 100 }, (_, index) => `c${index}` as ConversationId);
      await opened.store.askRefolds(ids.map((conversationId) => ({ shard, conversationId })));
      expect(await opened.store.refoldsAsked()).toHaveLength(refoldsAskedMax);
    });

    test('park the conversation, of which nothing is stored any more, and leave all others as they are', async () => {
      const property = fc.asyncProperty(history(), async (events) => {
        await using opened = await open();
        const { store } = opened;
        const batch = foldBatch(projection, events);
        await store.write(shard, { ...batch, parked: [{ ...parkedHere, position: position(3) }] });
        await store.clearForRefold(shard, [here], batch.checkpoint);
        expect(await store.parked(shard)).toStrictEqual([parkedHere]);
        expect(sorted(await store.heads(conversationIds))).toStrictEqual(
          sorted(foldHeads(projection, events)).filter(([id]) => id !== here),
        );
        const left = batch.rows.filter((row) => projection.place(row).conversationId !== here);
        const { rows } = await contentsIn(store, conversationIds);
        const places = (all: readonly Row[]) => new Set(all.map((row) => placeText(projection, row)));
        expect(places(rows)).toStrictEqual(places(left));
        expect((await namedIn(store)).has(here)).toBe(false);
        expect(await store.checkpoint(shard)).toBe(batch.checkpoint);
      });
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
    });

    test('leave what the log says, whatever was stored, and go on from there', async () => {
      const property = fc.asyncProperty(history(), history(), fc.nat(40), async (events, damage, cut) => {
        await using opened = await open();
        const { store } = opened;
        const own = events.filter(({ conversationId }) => conversationId === here);
        const before = own.slice(0, cut);
        const wrong = damage.filter(({ conversationId }) => conversationId === here);
        await store.write(shard, foldBatch(projection, wrong));
        const last = position(Math.max(0, ...[...wrong, ...before].map((stored) => stored.position)));
        await store.askRefolds([request]);
        await store.clearForRefold(shard, [here], last);
        await store.write(shard, { ...foldBatch(projection, before), checkpoint: NO_POSITION });
        await store.finishRefold(request, { upTo: last });
        expect(await store.parked(shard)).toStrictEqual([]);
        await store.write(shard, foldBatch(projection, own.slice(cut), await store.heads([here])));
        expect(sorted(await store.heads([here]))).toStrictEqual(sorted(foldHeads(projection, own)));
        const contents = await contentsIn(store, [here]);
        expect(contents).toStrictEqual({ rows: lastRows(projection, foldBatch(projection, own).rows), flaws: [] });
      });
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
    });

    test('whose fold throws park it again, where and why it threw', async () => {
      await using opened = await open();
      await opened.store.write(shard, {
        ...batchAt(9),
        parked: [{ ...parkedHere, position: position(5), reason: 'before' }],
      });
      await opened.store.askRefolds([request]);
      await opened.store.clearForRefold(shard, [here], position(9));
      const parked = { conversationId: here, position: position(3), reason: 'now' };
      await opened.store.finishRefold(request, { upTo: position(2), parked });
      expect(await opened.store.parked(shard)).toStrictEqual([parked]);
      expect(await opened.store.refoldsAsked()).toStrictEqual([]);
    });

    test('do not hide what is parked later', async () => {
      await using opened = await open();
      await opened.store.clearForRefold(shard, [here], position(9));
      await opened.store.finishRefold(request, { upTo: position(9) });
      const later = { conversationId: here, position: position(10), reason: 'later' };
      await opened.store.write(shard, { ...batchAt(10), parked: [later] });
      expect(await (await opened.reopen()).parked(shard)).toStrictEqual([later]);
    });
  });

  const parkedHere = { conversationId: here, position: NO_POSITION, reason: BEING_REFOLDED };
}

type Placing<Row> = Pick<VerifiableProjection<Head, Row>, 'place'>;

const byId = (requests: readonly RefoldRequest[]) =>
  requests.toSorted((a, b) => (a.conversationId < b.conversationId ? -1 : 1));

async function contentsIn<Row>(store: ProjectionContents<Row>, ids: readonly ConversationId[]) {
  const steps = await Array.fromAsync(store.rows(shard, ids));
  return { rows: steps.flatMap(({ rows }) => rows), flaws: steps.flatMap(({ flaws }) => flaws) };
}

const namedIn = async (store: ProjectionContents<unknown>): Promise<ReadonlySet<ConversationId>> =>
  new Set((await Array.fromAsync(store.conversationIds())).flat());

const rowsOf = <Row>(projection: Placing<Row>, id: ConversationId, rows: readonly Row[]) =>
  rows.filter((row) => projection.place(row).conversationId === id);

const placeText = <Row>(projection: Placing<Row>, row: Row): string => {
  const { conversationId, position: at, key = at } = projection.place(row);
  return `${conversationId} ${key}`;
};

/** Of each place the last one, in order. */
const lastRows = <Row>(projection: Placing<Row>, rows: readonly Row[]): readonly Row[] =>
  [...new Map(rows.map((row) => [placeText(projection, row), row])).values()].toSorted((a, b) =>
    comparePlaces(projection.place(a), projection.place(b)),
  );

const sorted = <H>(heads: ReadonlyMap<ConversationId, H>) => [...heads].toSorted(([a], [b]) => (a < b ? -1 : 1));

// What every keeper of recent heads does (`recent-heads.ts`), as tests: run by the adapter in memory and by the one on Redis.
import { NO_POSITION, position, type ConversationId, type Position, type Shard } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HeadsMark, RecentHead, RecentHeads, RecentHeadsOf } from './recent-heads.ts';

export interface OpenedRecentHeads extends AsyncDisposable {
  /** Nothing is known; two processes that keep the same. */
  readonly heads: RecentHeadsOf;
  readonly others: RecentHeadsOf;
}

type Open = () => Promise<OpenedRecentHeads>;

const shard = 3 as Shard;
const ids = ['g_1', 'g_2', 'd_3'].map((id) => id as ConversationId);
const [one, two] = ids as [ConversationId, ConversationId];
const head = (conversationId: ConversationId, at: number, text = `at ${at}`): RecentHead => ({
  conversationId,
  position: position(at),
  text,
});
const begun = (heads: RecentHeads, upTo: number, ...given: readonly RecentHead[]): Promise<HeadsMark> =>
  heads.follow(shard, { after: undefined, upTo: position(upTo), heads: given });
const look = async (heads: RecentHeads, ...asked: readonly ConversationId[]) =>
  (await heads.find(new Map([[shard, asked]]))).get(shard);
const found = async (heads: RecentHeads, ...asked: readonly ConversationId[]) => [
  ...((await look(heads, ...asked))?.heads.values() ?? []),
];

export function describeRecentHeads(name: string, open: Open): void {
  describe(`${name}, as recent heads`, () => {
    test('are unknown, shard by shard, before somebody follows it', async () => {
      await using opened = await open();
      const heads = opened.heads(1);
      expect(await heads.find(new Map())).toEqual(new Map());
      expect(await look(heads, one)).toBeUndefined();
      await heads.offer(shard, { era: 'x', upTo: position(9), heads: [head(one, 5)] });
      expect(await look(heads, one)).toBeUndefined();
      const mark = await begun(heads, 7, head(two, 7));
      expect(mark.position).toBe(7);
      expect(await look(opened.others(1), one, two)).toEqual({ mark, heads: new Map([[two, head(two, 7)]]) });
      const asked = new Map([shard, 4 as Shard].map((each) => [each, [two]]));
      expect([...(await heads.find(asked)).keys()]).toEqual([shard]);
    });

    test('are kept for each generation apart', async () => {
      await using opened = await open();
      await begun(opened.heads(1), 7, head(one, 7));
      await begun(opened.heads(2), 3, head(one, 3, 'of the second'));
      expect(await found(opened.others(1), one)).toEqual([head(one, 7)]);
      expect(await found(opened.others(2), one)).toEqual([head(one, 3, 'of the second')]);
      expect(await look(opened.heads(3), one)).toBeUndefined();
    });

    test('stay when who left the mark goes on, and are forgotten when anybody else does', async () => {
      await using opened = await open();
      const [heads, others] = [opened.heads(1), opened.others(1)];
      const first = await begun(heads, 5, head(one, 4));
      const second = await heads.follow(shard, { after: first, upTo: position(9), heads: [head(two, 8)] });
      expect(second).toEqual({ era: first.era, position: 9 });
      expect(await found(heads, one, two)).toEqual([head(one, 4), head(two, 8)]);
      const late = await others.follow(shard, { after: first, upTo: position(6), heads: [head(two, 6)] });
      expect(late.era).not.toBe(first.era);
      expect(await look(heads, one, two)).toEqual({ mark: late, heads: new Map([[two, head(two, 6)]]) });
    });

    test('only rise within an era, compared as numbers; one that is not to be kept takes away a lower one', async () => {
      await using opened = await open();
      const heads = opened.heads(1);
      const top = Number.MAX_SAFE_INTEGER;
      let after = await begun(heads, 1);
      const follow = async (...given: readonly RecentHead[]): Promise<void> => {
        after = await heads.follow(shard, { after, upTo: position(1), heads: given });
      };
      for (const at of [9, 10, 7]) await follow(head(one, at));
      expect(await found(heads, one)).toEqual([head(one, 10)]);
      for (const at of [top, top - 1]) await follow(head(one, at));
      await follow(head(one, top, 'another'), head(two, 5));
      expect(await found(heads, one)).toEqual([head(one, top)]);
      await follow(head(two, 4, ''), head(one, 2, ''));
      expect(await found(heads, one, two)).toEqual([head(one, top), head(two, 5)]);
      await follow(head(two, 6, ''));
      expect(await found(heads, one, two)).toEqual([head(one, top)]);
    });

    test('are offered by who read them, unless there may be newer ones', async () => {
      await using opened = await open();
      const [heads, others] = [opened.heads(1), opened.others(1)];
      const { era } = await begun(heads, 5);
      await others.offer(shard, { era: `${era}x`, upTo: position(9), heads: [head(one, 4)] });
      await others.offer(shard, { era, upTo: position(4), heads: [head(one, 4)] });
      expect(await found(heads, one)).toEqual([]);
      await others.offer(shard, { era, upTo: position(5), heads: [head(one, 4), head(two, 3)] });
      await others.offer(shard, { era, upTo: position(5), heads: [head(one, 2)] });
      expect(await found(heads, one, two)).toEqual([head(one, 4), head(two, 3)]);
    });

    test('are forgotten one by one, and told as they are, of whatever era', async () => {
      await using opened = await open();
      const heads = opened.heads(1);
      await begun(heads, 5, head(one, 4), head(two, 3));
      expect(await heads.inspect(shard, ids)).toEqual(
        new Map([head(one, 4), head(two, 3)].map((kept) => [kept.conversationId, current(kept, true)])),
      );
      await heads.forget(shard, [two]);
      await heads.forget(shard, []);
      await begun(heads, 6);
      expect(await heads.inspect(shard, ids)).toEqual(new Map([[one, current(head(one, 4), false)]]));
      expect(await found(heads, one, two)).toEqual([]);
    });

    test('keep any text', async () => {
      await using opened = await open();
      const heads = opened.heads(1);
      const texts = [' ', '7 is not its position', 'é😀\n\0', '{"a":"b c"}', 'x'.repeat(20_000)];
      const given = texts.map((text, index) => head(`g_${index}` as ConversationId, 1, text));
      await begun(heads, 1, ...given);
      expect(await found(heads, ...given.map(({ conversationId }) => conversationId))).toEqual(given);
    });

    test('are found a thousand at a time, of many shards', async () => {
      await using opened = await open();
      const heads = opened.heads(1);
      const many = Array.from({ length: 1_000 }, (_, index) => head(`g_${index}` as ConversationId, index));
      const byShard = Map.groupBy(many, ({ position: at }) => (at % 64) as Shard);
      for (const [each, given] of byShard)
        await heads.follow(each, { after: undefined, upTo: position(1_000), heads: given });
      const asked = new Map([...byShard].map(([each, given]) => [each, given.map((one) => one.conversationId)]));
      const all = await heads.find(asked);
      expect([...all.values()].flatMap((shardFound) => [...shardFound.heads.values()])).toHaveLength(1_000);
    });

    test('are the newest as of the mark, whoever writes in whatever order', async () => {
      const step = fc.oneof(
        fc.record({ type: fc.constant('fold' as const), worker: fc.nat(1), events: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ type: fc.constant('begin' as const), worker: fc.nat(1) }),
        fc.record({ type: fc.constant('read' as const), reader: fc.nat(2) }),
        fc.record({ type: fc.constant('offer' as const), reader: fc.nat(2) }),
        fc.record({ type: fc.constant('forget' as const), id: fc.constantFrom(...ids) }),
      );
      const history = fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 30 });
      const property = fc.asyncProperty(history, fc.array(step, { maxLength: 40 }), async (log, steps) => {
        await using opened = await open();
        const play = new Play(log, [opened.heads(1), opened.others(1)]);
        for (const each of steps) {
          await play.step(each);
          expect(await play.missed()).toEqual([]);
        }
      });
      await fc.assert(property, { numRuns: 40 });
    });
  });
}

const current = (kept: RecentHead, isOfThisEra: boolean) => ({ type: 'head', head: kept, isOfThisEra });

type Step =
  | { readonly type: 'fold'; readonly worker: number; readonly events: number }
  | { readonly type: 'begin'; readonly worker: number }
  | { readonly type: 'read' | 'offer'; readonly reader: number }
  | { readonly type: 'forget'; readonly id: ConversationId };

interface Worker {
  upTo: Position;
  mark: HeadsMark | undefined;
}

interface Reader {
  readonly mark: HeadsMark;
  readonly upTo: Position;
}

/** Two workers that fold the same shard, and readers that offer what they read a while ago. The log is the conversations of its events. */
class Play {
  readonly #log: readonly ConversationId[];
  readonly #heads: readonly RecentHeads[];
  readonly #workers: readonly Worker[] = [0, 1].map(() => ({ upTo: NO_POSITION, mark: undefined }));
  readonly #readers = new Map<number, Reader>();
  #stored = NO_POSITION;

  constructor(log: readonly ConversationId[], heads: readonly RecentHeads[]) {
    this.#log = log;
    this.#heads = heads;
  }

  async step(step: Step): Promise<void> {
    if (step.type === 'fold') await this.#fold(step.worker, step.events);
    else if (step.type === 'begin') await this.#begin(step.worker);
    else if (step.type === 'read') await this.#read(step.reader);
    else if (step.type === 'forget') await this.#of(0).forget(shard, [step.id]);
    else await this.#offer(step.reader);
  }

  /** What is found, and lacks an event that the mark says it has. */
  async missed(): Promise<readonly ConversationId[]> {
    const seen = await look(this.#of(0), ...ids);
    return [...(seen?.heads.values() ?? [])]
      .filter((kept) => this.#log.slice(kept.position, seen?.mark.position).includes(kept.conversationId))
      .map(({ conversationId }) => conversationId);
  }

  async #fold(number: number, events: number): Promise<void> {
    const worker = this.#workers[number];
    if (!worker) return;
    const upTo = position(Math.min(this.#log.length, worker.upTo + events));
    const moved = new Set(this.#log.slice(worker.upTo, upTo));
    this.#stored = position(Math.max(this.#stored, upTo));
    // A worker that is behind finds heads stored that are beyond its step.
    const heads = [...moved].flatMap((id) => this.#headOf(id, this.#stored));
    worker.mark = await this.#of(number).follow(shard, { after: worker.mark, upTo, heads });
    worker.upTo = upTo;
  }

  async #begin(number: number): Promise<void> {
    const worker = this.#workers[number];
    if (!worker) return;
    worker.upTo = this.#stored;
    worker.mark = await this.#of(number).follow(shard, { after: undefined, upTo: worker.upTo, heads: [] });
  }

  async #read(number: number): Promise<void> {
    const mark = (await look(this.#of(number)))?.mark;
    if (mark) this.#readers.set(number, { mark, upTo: this.#stored });
  }

  async #offer(number: number): Promise<void> {
    const reader = this.#readers.get(number);
    if (!reader) return;
    const heads = ids.flatMap((id) => this.#headOf(id, reader.upTo));
    await this.#of(number).offer(shard, { era: reader.mark.era, upTo: reader.upTo, heads });
  }

  #headOf(id: ConversationId, upTo: Position): readonly RecentHead[] {
    const at = this.#log.slice(0, upTo).lastIndexOf(id) + 1;
    return at === 0 ? [] : [head(id, at)];
  }

  #of(number: number): RecentHeads {
    const heads = this.#heads[number % this.#heads.length];
    if (!heads) throw new RangeError('nobody keeps heads');
    return heads;
  }
}

// What every keeper of recent heads does (`recent-heads.ts`), as tests: run by the adapter in memory and by the one on Redis.
import { position, type ConversationId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecentHead, RecentHeads } from './recent-heads.ts';

export interface OpenedRecentHeads extends AsyncDisposable {
  /** Nothing is known; two processes that keep the same. */
  readonly heads: RecentHeads;
  readonly others: RecentHeads;
}

type Open = () => Promise<OpenedRecentHeads>;

const ids = ['g_1', 'g_2', 'd_3'].map((id) => id as ConversationId);
const [one, two] = ids as [ConversationId, ConversationId];
const head = (conversationId: ConversationId, at: number, text = `at ${at}`): RecentHead => ({
  conversationId,
  position: position(at),
  text,
});
const found = async (heads: RecentHeads, ...asked: readonly ConversationId[]) => [
  ...(await heads.find(asked)).values(),
];

export function describeRecentHeads(name: string, open: Open): void {
  describe(`${name}, as recent heads`, () => {
    test('are absent when nobody wrote them', async () => {
      await using opened = await open();
      expect(await found(opened.heads, one, two)).toEqual([]);
      expect(await found(opened.heads)).toEqual([]);
      await opened.heads.raise([]);
      await opened.heads.raise([head(two, 1)]);
      expect(await found(opened.heads, one, two)).toEqual([head(two, 1)]);
    });

    test('only rise, in whatever order they are written', async () => {
      await using opened = await open();
      for (const at of [5, 9, 7]) await opened.heads.raise([head(one, at)]);
      await opened.heads.raise([head(one, 9, 'another')]);
      expect(await found(opened.heads, one)).toEqual([head(one, 9)]);
      await opened.heads.raise([head(one, 10), head(one, 8)]);
      expect(await found(opened.heads, one)).toEqual([head(one, 10)]);
    });

    test('compare as numbers, up to the highest position there can be', async () => {
      await using opened = await open();
      const top = Number.MAX_SAFE_INTEGER;
      for (const at of [9, 10, top, top - 1]) await opened.heads.raise([head(one, at)]);
      expect(await found(opened.heads, one)).toEqual([head(one, top)]);
    });

    test('keep any text', async () => {
      await using opened = await open();
      const texts = ['', ' ', '7 is not its position', 'é😀\n\0', '{"a":"b c"}', 'x'.repeat(20_000)];
      const given = texts.map((text, index) => head(`g_${index}` as ConversationId, 1, text));
      await opened.heads.raise(given);
      expect(await found(opened.heads, ...given.map(({ conversationId }) => conversationId))).toEqual(given);
    });

    test('are the highest that either of two writers wrote', async () => {
      const writes = fc.array(fc.record({ id: fc.constantFrom(...ids), at: fc.nat(20), isOther: fc.boolean() }));
      const property = fc.asyncProperty(writes, async (asked) => {
        await using opened = await open();
        await Promise.all(
          asked.map(({ id, at, isOther }) => (isOther ? opened.others : opened.heads).raise([head(id, at)])),
        );
        const highest = ids.flatMap((id) => {
          const written = asked.filter((write) => write.id === id).map(({ at }) => at);
          return written.length === 0 ? [] : [head(id, Math.max(...written))];
        });
        expect(await found(opened.heads, ...ids)).toEqual(highest);
      });
      await fc.assert(property, { numRuns: 50 });
    });

    test('are found a thousand at a time, each once', async () => {
      await using opened = await open();
      const many = Array.from({ length: 1_000 }, (_, index) => head(`g_${index}` as ConversationId, index));
      await opened.heads.raise(many);
      const asked = many.map(({ conversationId }) => conversationId);
      expect(await found(opened.heads, ...asked, ...asked)).toEqual(many);
    });
  });
}

import { NO_POSITION, position, type Shard } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conversations } from '../conversations/conversations.ts';
import { timeline } from '../timeline/timeline.ts';
import { foldBatch, history } from '../testing/history.ts';
import { createTestConversations, createTestTimeline } from '../testing/stores.ts';
import { canonical } from './canonical.ts';
import { storedHash, Tally } from './fold-hash.ts';

const digest = (text: string): string => {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return `${hash}.`;
};

describe('the fold hash', () => {
  test('of what is stored is that of the fold, however it was stored', async () => {
    const property = fc.asyncProperty(history(80), fc.nat(80), async (events, cut) => {
      for (const [projection, store] of [
        [timeline, createTestTimeline()],
        [conversations, createTestConversations()],
      ] as const) {
        const own = events.filter(({ conversationId }) => conversationId === events[0]?.conversationId);
        const [first] = own;
        if (!first) return;
        const tally = new Tally<never, never>(projection as never, digest);
        const { rows, heads } = foldBatch(projection as typeof timeline, own);
        for (const row of rows) tally.add(row as never);
        for (const slice of [own.slice(0, cut), own.slice(cut)]) {
          const before = await store.heads([first.conversationId]);
          await store.write(0 as Shard, foldBatch(projection as typeof timeline, slice, before as never) as never);
        }
        const hashing = { projection, digest, store } as never;
        expect(await storedHash(hashing, 0 as Shard, first.conversationId)).toBe(tally.hash(heads[0] as never));
      }
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('differs when a row or the head does', () => {
    const [events = []] = fc.sample(history(60), { seed: 5, numRuns: 1 });
    const { rows, heads } = foldBatch(timeline, events);
    const hashOf = (altered: (index: number) => boolean, head = heads[0]) => {
      const tally = new Tally(timeline, digest);
      for (const [index, row] of rows.entries()) tally.add(altered(index) ? { ...row, prev: position(99_999) } : row);
      return tally.hash(head);
    };
    const whole = hashOf(() => false);
    for (const index of rows.keys()) expect(hashOf((at) => at === index)).not.toBe(whole);
    expect(hashOf(() => false, heads[0] && { ...heads[0], prev: NO_POSITION, ordinal: 12_345 })).not.toBe(whole);
  });
});

test('a canonical text tells values apart, and not the order of keys', () => {
  const value = fc.jsonValue();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.dictionary(fc.string(), value), (one, other) => {
      const turned = Object.fromEntries(Object.entries(one).toReversed());
      expect(canonical(turned)).toBe(canonical(one));
      expect(JSON.parse(canonical(one))).toEqual(JSON.parse(JSON.stringify(one)));
      expect(canonical(one) === canonical(other)).toBe(canonical(JSON.parse(canonical(one))) === canonical(other));
    }),
  );
  expect(canonical({ a: undefined, b: new Map([['__proto__', 1]]) })).toBe('{"b":[["__proto__",1]]}');
});

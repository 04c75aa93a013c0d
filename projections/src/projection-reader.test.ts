import { StoreUnavailable, type Head, type ParkedConversation, type Projection } from './projection.ts';
import type { ConversationId, Position, Shard, StoredEvent } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { said, stored, theGroup, tooLate } from '@parley/domain/testing';
import { projectionReader, type ProjectionObserver } from './projection-reader.ts';
import { createTestStore, type StoreCall } from './testing/stores.ts';

const shard = 0 as Shard;
const other = 'g_2' as ConversationId;
const poison = 'poison';

interface Counted extends Head {
  readonly count: number;
}

interface Row {
  readonly position: Position;
  readonly body: string;
  readonly count: number;
}

/** Counts, keeps texts, and cannot read one of them. */
const counting: Projection<Counted, Row> = {
  name: 'counting',
  version: 1,
  fold(head, { conversationId, position, event }) {
    const body = event.type === 'message.sent' ? event.body : '';
    if (body === poison) throw new TypeError('unreadable');
    const count = (head?.count ?? 0) + 1;
    return { head: { conversationId, position, count }, rows: [{ position, body, count }] };
  },
};

const placing = { place: ({ position }: Row) => ({ conversationId: other, position }) };

function createReader(before?: (call: StoreCall) => void) {
  const store = createTestStore<Counted, Row>(placing, before);
  const heard: string[] = [];
  const observer: ProjectionObserver = {
    parked: (_, parked: ParkedConversation) => heard.push(`parked ${parked.position}`),
    passedOver: (_, { position }) => heard.push(`passed over ${position}`),
    voided: (_, { position }) => heard.push(`voided ${position}`),
  };
  const begin = () => projectionReader(counting, store, { generation: 3, observer });
  return { store, heard, begin };
}

const message = (position: number, body: string, others: Partial<StoredEvent> = {}): StoredEvent => ({
  ...stored(position, said(body)),
  ...others,
});
const inOther = { conversationId: other };

describe('a projection that reads the log', () => {
  it('is named after its generation', () => {
    expect(createReader().begin().name).toBe('counting-g3');
  });

  it('writes rows, the last head of each conversation, and how far it came', async () => {
    const { store, begin } = createReader();
    await begin().apply(shard, [message(1, 'a'), message(2, 'b', inOther), message(3, 'c')]);
    const { checkpoint, heads, rows } = store.contents();
    expect(checkpoint).toBe(3);
    expect([...heads.values()]).toEqual([
      { conversationId: theGroup, position: 3, count: 2 },
      { conversationId: other, position: 2, count: 1 },
    ]);
    expect(rows.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  });

  it('does not fold void events, but passes them', async () => {
    const { store, heard, begin } = createReader();
    await begin().apply(shard, [message(1, 'a'), message(2, 'late', tooLate)]);
    expect(store.contents()).toMatchObject({ checkpoint: 2, rows: [{ body: 'a' }] });
    expect(store.contents().heads.get(theGroup)?.position).toBe(1);
    expect(heard).toEqual(['voided 2']);
  });

  it('skips what is applied already', async () => {
    const { store, heard, begin } = createReader();
    await begin().apply(shard, [message(1, 'a'), message(2, 'b')]);
    const before = store.contents();
    await begin().apply(shard, [message(1, 'changed'), message(2, 'changed')]);
    expect(store.contents()).toEqual(before);
    await begin().apply(shard, [message(2, 'changed'), message(3, 'c')]);
    expect(store.contents().rows.map(({ body, count }) => `${body}${count}`)).toEqual(['a1', 'b2', 'c3']);
    expect(heard).toEqual([]);
  });

  it('refuses an empty step', async () => {
    await expect(createReader().begin().apply(shard, [])).rejects.toThrow(RangeError);
  });
});

describe('a conversation that a projection cannot go on with', () => {
  it('is parked with its event and the reason, and everything else goes on', async () => {
    const { store, heard, begin } = createReader();
    await begin().apply(shard, [message(1, 'a'), message(2, poison), message(3, 'b', inOther), message(4, 'c')]);
    const { checkpoint, heads, rows, parked } = store.contents();
    expect(parked).toEqual([{ conversationId: theGroup, position: 2, reason: 'TypeError: unreadable' }]);
    expect(rows.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(heads.get(theGroup)?.position).toBe(1);
    expect(heads.get(other)?.position).toBe(3);
    expect(checkpoint).toBe(4);
    expect(heard).toEqual(['parked 2', 'passed over 4']);
  });

  it('stays parked in later steps and after a restart', async () => {
    const { store, heard, begin } = createReader();
    await begin().apply(shard, [message(1, poison)]);
    for (let position = 2; position < 4; position++) {
      const reader = begin();
      await reader.checkpoint(shard);
      await reader.apply(shard, [message(position, 'x')]);
      await reader.apply(shard, [message(position + 10, 'x')]);
    }
    expect(store.contents().rows).toEqual([]);
    expect(store.contents().parked).toHaveLength(1);
    expect(heard).toEqual(['parked 1', 'passed over 2', 'passed over 12', 'passed over 3', 'passed over 13']);
  });

  it('is counted as long as it is parked and the shard is ours', async () => {
    const { store } = createReader();
    const counts: unknown[] = [];
    const nothing = (): void => undefined;
    const observer: ProjectionObserver = {
      parked: nothing,
      passedOver: nothing,
      voided: nothing,
      parkedNow: (...told) => counts.push(told),
    };
    const begin = () => projectionReader(counting, store, { generation: 3, observer });
    await begin().apply(shard, [message(1, poison), message(2, 'a', inOther)]);
    const again = begin();
    await again.checkpoint(shard);
    await again.leave?.(shard);
    expect(counts).toEqual([
      ['counting-g3', shard, 1],
      ['counting-g3', shard, 1],
      ['counting-g3', shard, 0],
    ]);
  });

  it('is parked again by the retry when the step that parked it could not be written', async () => {
    let isDown = true;
    const { store, begin } = createReader((call) => {
      if (call === 'write' && isDown) throw new StoreUnavailable('down');
    });
    const reader = begin();
    await reader.checkpoint(shard);
    const step = [message(1, 'a'), message(2, poison), message(3, 'b')];
    await expect(reader.apply(shard, step)).rejects.toThrow(StoreUnavailable);
    expect(store.contents()).toMatchObject({ checkpoint: 0, rows: [], parked: [] });
    isDown = false;
    await reader.apply(shard, step);
    expect(store.contents()).toMatchObject({ checkpoint: 3, rows: [{ body: 'a' }], parked: [{ position: 2 }] });
  });
});

describe('the content of a store', () => {
  const ids = [theGroup, other, '__proto__' as ConversationId];
  const anEvent = fc.record({
    body: fc.constantFrom('a', 'b', 'c', poison),
    conversationId: fc.constantFrom(...ids),
    isVoid: fc.boolean(),
  });

  interface Course {
    /** Lengths of the steps, and whether a new reader takes each; both begin again at their ends. */
    readonly cuts: readonly number[];
    readonly restarts: readonly boolean[];
    readonly down: () => boolean;
  }

  async function apply(events: readonly StoredEvent[], { cuts, restarts, down }: Course) {
    const { store, begin } = createReader(() => {
      if (down()) throw new StoreUnavailable('down');
    });
    let reader = begin();
    let [cut, from] = [0, 0];
    while (from < events.length) {
      const step = events.slice(from, from + (cuts[cut % cuts.length] ?? 1));
      try {
        if (restarts[cut++ % restarts.length]) reader = begin();
        from = await reader.checkpoint(shard);
        const next = events.slice(from, from + step.length);
        await reader.apply(shard, next);
        from += next.length;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
    }
    return store.contents();
  }

  it('is the same however the events come in steps, and whatever fails in between', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    const restarts = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anEvent, { maxLength: 30 }),
        cuts,
        fc.tuple(restarts, fc.infiniteStream(fc.nat(3))),
        async (steps, cuts, [restarts, dice]) => {
          const events = steps.map(({ body, conversationId, isVoid }, index) =>
            message(index + 1, body, { conversationId, ...(isVoid ? tooLate : {}) }),
          );
          const atOnce = await apply(events, { cuts: [100], restarts: [false], down: () => false });
          let budget = 20;
          const inSteps = await apply(events, { cuts, restarts, down: () => dice.next().value === 0 && budget-- > 0 });
          expect(inSteps).toEqual(atOnce);
        },
      ),
    );
  });
});

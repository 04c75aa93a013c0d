// A read model beside its log: what is no difference because workers go on, and what is one.
import { NO_POSITION, position, type ConversationId, type Shard } from '@parley/domain';
import { alice, createTestLog, said, theGroup, type TestLogOptions } from '@parley/domain/testing';
import { expect, test } from 'vitest';
import type { Flaw } from '../projection.ts';
import { foldBatch, foldHeads } from '../testing/history.ts';
import { createTestTimeline } from '../testing/stores.ts';
import { timeline, type TimelineStore } from '../timeline/timeline.ts';
import type { Difference } from './differences.ts';
import { verify, VERIFY, type VerifyOptions } from './verify.ts';

const shard = 0 as Shard;
const other = 'g_other' as ConversationId;
const bug = 'bug';

/** A log of two conversations in turn, and an empty store. */
function createRig(options: TestLogOptions = {}, messages = 10) {
  const log = createTestLog(options);
  const store = createTestTimeline();
  const say = (body: string, conversationId = theGroup) => log.put(said(body), { conversationId, actorId: alice });
  for (let count = 0; count < messages; count++) say(`message ${count}`, count % 2 === 0 ? theGroup : other);
  /** As a worker whose rows and heads are durable up to one position, and its checkpoint up to another. */
  const project = async (upTo: number, checkpoint = upTo): Promise<void> => {
    const { rows, heads } = foldBatch(timeline, log.events().slice(0, upTo));
    await store.write(shard, { rows, heads, parked: [], checkpoint: position(checkpoint) });
  };
  return { log, store, say, project };
}

type Rig = Pick<ReturnType<typeof createRig>, 'log'> & { readonly store: TimelineStore };
type Row = Parameters<(typeof timeline)['place']>[0];

async function look({ log, store }: Rig, more: Partial<VerifyOptions<never, never>> = {}) {
  const differences: Difference[] = [];
  const verified = await verify({
    projection: timeline,
    store,
    log,
    world: { sleep: async () => undefined },
    digest: (text) => text,
    signal: new AbortController().signal,
    sample: 1,
    found: (difference) => void differences.push(difference),
    progress: () => undefined,
    ...(more as object),
  });
  return { ...verified, differences };
}

const rowAt = (rig: Pick<Rig, 'log'>, at: number): Row => {
  const row = foldBatch(timeline, rig.log.events()).rows.find(({ stored }) => stored.position === at);
  if (!row) throw new Error(`no row at ${at}`);
  return row;
};

const hiding = (store: TimelineStore, at: number): TimelineStore => ({
  ...store,
  async *rows(...asked) {
    for await (const { rows, flaws } of store.rows(...asked)) {
      yield { rows: rows.filter(({ stored }) => stored.position !== at), flaws };
    }
  },
});

test('finds nothing in what is as the log says, however far workers are', async () => {
  for (const [upTo, checkpoint] of [
    [10, 10],
    [4, 4],
    [7, 5],
    [0, 0],
  ] as const) {
    const rig = createRig();
    await rig.project(upTo, checkpoint);
    const { differences, differing, conversations, events } = await look(rig);
    expect(differences).toEqual([]);
    expect(differing.size).toBe(0);
    expect(events).toBe(checkpoint);
    expect(conversations).toBe(upTo === 0 ? 0 : 2);
  }
});

test('finds what is missing up to the checkpoint, the row of the checkpoint itself too', async () => {
  for (const at of [1, 5]) {
    const rig = createRig();
    await rig.project(5);
    const { differences, differing } = await look({ ...rig, store: hiding(rig.store, at) });
    expect(differences).toEqual([
      { type: 'missing', conversationId: theGroup, what: `row ${at}`, expected: rowAt(rig, at) },
    ]);
    expect([...differing]).toEqual([theGroup]);
  }
});

test('finds a head that is behind the checkpoint', async () => {
  const rig = createRig();
  const { rows } = foldBatch(timeline, rig.log.events());
  const early = foldHeads(timeline, rig.log.events().slice(0, 6));
  await rig.store.write(shard, { rows, heads: [...early.values()], parked: [], checkpoint: position(10) });
  const { differences } = await look(rig);
  expect(differences.map(({ type }) => type)).toEqual(['different', 'different']);
  expect(differences).toContainEqual(
    expect.objectContaining({ what: 'head', conversationId: theGroup, stored: early.get(theGroup) }),
  );
});

test('finds rows and heads of what the log has never heard of, and rows beyond its end', async () => {
  const rig = createRig();
  await rig.project(10);
  const strange = {
    ...rowAt(rig, 3),
    stored: { ...rowAt(rig, 3).stored, conversationId: 'g_strange' as ConversationId },
  };
  const beyond = { ...rowAt(rig, 3), stored: { ...rowAt(rig, 3).stored, position: position(500) } };
  await rig.store.write(shard, { rows: [strange, beyond], heads: [], parked: [], checkpoint: NO_POSITION });
  const { differences } = await look(rig);
  expect(differences).toHaveLength(2);
  expect(differences).toContainEqual({
    type: 'extra',
    conversationId: theGroup,
    what: 'row 500',
    stored: beyond,
  });
  expect(differences).toContainEqual({
    type: 'extra',
    conversationId: 'g_strange',
    what: 'row 3',
    stored: strange,
  });
});

test('says where a fold throws that the store does not call parked', async () => {
  const rig = createRig();
  rig.say(bug);
  await rig.project(10, 11);
  const projection: typeof timeline = {
    ...timeline,
    fold(head, stored) {
      if (stored.position === 11) throw new Error('a bug');
      return timeline.fold(head, stored);
    },
  };
  const { differences } = await look(rig, { projection: projection as never });
  expect(differences).toEqual([{ type: 'unfoldable', conversationId: theGroup, position: 11, reason: 'Error: a bug' }]);
});

test('says who is parked and compares nothing of them, be it that they are parked meanwhile', async () => {
  const parked = { conversationId: theGroup, position: position(3), reason: 'a bug' };
  const batch = { rows: [], heads: [], parked: [parked], checkpoint: NO_POSITION };
  const before = createRig();
  await before.project(10);
  await before.store.write(shard, batch);
  expect(await look({ ...before, store: hiding(before.store, 5) })).toMatchObject({
    differences: [],
    parked: [parked],
  });

  const during = createRig({
    before: async (call) => {
      if (call === 'conversation') await during.store.write(shard, batch);
    },
  });
  await during.project(10);
  const found = await look({ ...during, store: hiding(during.store, 5) });
  expect(found).toMatchObject({ differences: [], parked: [parked] });
  expect(found.differing.size).toBe(0);
});

test('what comes while a conversation is compared is no difference', async () => {
  const rig = createRig({
    before: async (call) => {
      if (call !== 'conversation') return;
      rig.say('meanwhile');
      await rig.project(11);
    },
  });
  await rig.project(10);
  const { differences } = await look({ ...rig, store: hiding(rig.store, 5) });
  expect(differences).toMatchObject([{ type: 'missing', what: 'row 5' }]);
});

test('what a store says is amiss beside rows that are right is told when it is so a moment later, too', async () => {
  for (const isMended of [false, true]) {
    const rig = createRig();
    await rig.project(10);
    const flaws: Flaw[] = [{ conversationId: theGroup, problem: 'no look-up' }];
    const store: TimelineStore = {
      ...rig.store,
      async *rows(...asked) {
        for await (const { rows } of rig.store.rows(...asked)) yield { rows, flaws };
      },
    };
    const sleep = async (): Promise<void> => void (isMended && flaws.pop());
    const { differences } = await look({ ...rig, store }, { world: { sleep } });
    expect(differences).toEqual(isMended ? [] : [{ type: 'flaw', conversationId: theGroup, problem: 'no look-up' }]);
  }
});

test('says that a checkpoint is ahead of the log, and compares what there is', async () => {
  const rig = createRig();
  await rig.project(10, 1_000);
  const { differences, events } = await look(rig);
  expect(differences).toEqual([{ type: 'ahead', shard, checkpoint: 1_000, head: 10 }]);
  expect(events).toBe(10);
});

test('looks at a share of the conversations, the same ones each time, and at each of very many once', async () => {
  const rig = createRig({}, 0);
  const count = 300;
  for (let index = 0; index < count; index++) rig.say('hello', `g_${index}` as ConversationId);
  await rig.project(count);
  const half = await look(rig, { sample: 0.5 });
  expect(half.conversations).toBeGreaterThan(count / 4);
  expect(half.conversations).toBeLessThan((count * 3) / 4);
  expect((await look(rig, { sample: 0.5 })).conversations).toBe(half.conversations);

  const damaged = { ...hiding(rig.store, 7), conversationIds: countedOften(rig.store) };
  const all = await look({ ...rig, store: damaged });
  expect(all.conversations).toBe(count);
  expect(all.events).toBeGreaterThan(count);
  expect(all.differences).toMatchObject([{ type: 'missing', conversationId: 'g_6', what: 'row 7' }]);
});

/** As a store that gives ids more than once; so many that they are not held at one time. */
const countedOften = (store: TimelineStore): TimelineStore['conversationIds'] =>
  async function* often() {
    for await (const ids of store.conversationIds()) {
      for (let given = 0; given <= VERIFY.conversationsAtOnce; given += ids.length) yield ids;
    }
  };

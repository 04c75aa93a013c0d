// A worker whose stored rows somebody damaged, or whose fold had a bug: what is asked for is refolded, while the rest goes on.
import { NO_POSITION, type ConversationId, type Shard } from '@parley/domain';
import { alice, createTestLog, said, theGroup, type TestLog } from '@parley/domain/testing';
import { expect, it } from 'vitest';
import { refoldGraceMs, type Refolded, type RefoldRequest } from './projection.ts';
import { projectionReader } from './projection-reader.ts';
import { refolding, REFOLDS } from './refolder.ts';
import { followLog, runWork } from './runner.ts';
import { foldBatch } from './testing/history.ts';
import { createMovingClock } from './testing/moving-clock.ts';
import { createTestTimeline, type StoreCall } from './testing/stores.ts';
import { timeline } from './timeline/timeline.ts';

const shard = 0 as Shard;
const other = 'g_other' as ConversationId;
const poison = 'poison';

/** Looked for, parked, and done. */
const untilRefoldedMs = 2 * REFOLDS.lookEveryMs + refoldGraceMs;

interface Rig {
  readonly log: TestLog;
  /** Throws at some texts until it is mended. */
  isBroken: boolean;
  before: (call: StoreCall) => void;
}

/** One worker after the other on one store. */
function createRig() {
  const rig: Rig = { log: createTestLog(), isBroken: true, before: () => undefined };
  const clock = createMovingClock();
  const store = createTestTimeline((call) => rig.before(call));
  const heard: string[] = [];
  const projection: typeof timeline = {
    ...timeline,
    fold(head, stored) {
      if (rig.isBroken && stored.event.type === 'message.sent' && stored.event.body === poison)
        throw new Error('a bug');
      return timeline.fold(head, stored);
    },
  };
  function startWorker() {
    const observer = {
      applied: () => undefined,
      retrying: () => undefined,
      stopped: () => undefined,
      parked: () => undefined,
      passedOver: () => undefined,
      voided: () => undefined,
      refolded: (_: string, { conversationId }: RefoldRequest, { upTo }: Refolded) =>
        void heard.push(`${conversationId} is refolded up to ${upTo}`),
      refoldFailed: (_: string, error: unknown) => void heard.push(String(error)),
    };
    const records: string[] = [];
    const reader = projectionReader(projection, store, {
      generation: 1,
      observer,
      parkedRecords: { keep: async ({ parked, event }) => void records.push(`${parked.position} ${event.position}`) },
    });
    const world = {
      now: clock.now,
      sleep: clock.sleep,
      random: () => 0.5,
      schedule: () => ({ [Symbol.dispose]() {} }),
      uuid: () => '',
    };
    const deps = { log: rig.log, world, observer };
    const running = runWork(refolding(followLog(reader, deps), { ...deps, projection, store }), deps);
    const stop = async (): Promise<void> => {
      const stopping = running[Symbol.asyncDispose]();
      await clock.pass(REFOLDS.lookEveryMs * 2);
      await stopping;
    };
    return { stop, records };
  }
  const say = (conversationId: ConversationId, body: string) =>
    rig.log.put(said(body), { conversationId, actorId: alice });
  const whole = () => foldBatch(timeline, rig.log.events());
  const rowsOf = async (id: ConversationId) => await store.range(id, { order: 'oldest-first', limit: 100_000 });
  const expectWhole = async () => {
    for (const id of [theGroup, other]) {
      expect(await rowsOf(id)).toStrictEqual(whole().rows.filter(({ stored }) => stored.conversationId === id));
      expect((await store.heads([id])).get(id)).toStrictEqual(whole().heads.find((head) => head.conversationId === id));
    }
    expect(await store.parked(shard)).toStrictEqual([]);
    expect(await store.refoldsAsked()).toStrictEqual([]);
  };
  return Object.assign(rig, { pass: clock.pass, store, heard, startWorker, say, rowsOf, expectWhole });
}

const request = { shard, conversationId: theGroup };

it('a planted bug parks one conversation and stops nothing else, and once it is gone a retry folds all of it in order', async () => {
  const rig = createRig();
  const worker = rig.startWorker();
  for (const body of ['one', poison, 'three']) rig.say(theGroup, body);
  rig.say(other, 'elsewhere');
  await rig.pass(200);
  expect(await rig.store.parked(shard)).toMatchObject([
    { conversationId: theGroup, position: 2, reason: 'Error: a bug' },
  ]);
  expect(worker.records).toStrictEqual(['2 2']);
  expect(await rig.rowsOf(other)).toHaveLength(1);

  await rig.store.askRefolds([request]);
  await rig.pass(untilRefoldedMs);
  expect(await rig.store.parked(shard)).toMatchObject([
    { conversationId: theGroup, position: 2, reason: 'Error: a bug' },
  ]);
  expect(await rig.store.refoldsAsked()).toStrictEqual([]);
  expect(rig.heard).toStrictEqual([`${theGroup} is refolded up to 1`]);
  expect(await rig.rowsOf(theGroup)).toHaveLength(1);

  rig.isBroken = false;
  await rig.store.askRefolds([request]);
  rig.say(theGroup, 'four');
  await rig.pass(untilRefoldedMs);
  rig.say(theGroup, 'five');
  await rig.pass(200);
  await rig.expectWhole();
  await worker.stop();
});

it('what was damaged is as the log has it, and the shard goes on while others are refolded', async () => {
  const rig = createRig();
  const worker = rig.startWorker();
  for (let index = 0; index < 700; index++) rig.say(index % 2 === 0 ? theGroup : other, `message ${index}`);
  await rig.pass(500);
  const [first] = await rig.rowsOf(theGroup);
  if (!first) throw new Error('there is one');
  const damage = { ...first, ordinal: 99 };
  await rig.store.write(shard, { rows: [damage], heads: [], parked: [], checkpoint: NO_POSITION });
  await rig.store.askRefolds([request, { shard, conversationId: other }]);
  for (let count = 0; count < 60; count++) {
    rig.say(theGroup, `meanwhile ${count}`);
    await rig.pass(100);
  }
  await rig.expectWhole();
  expect(rig.heard).toHaveLength(2);
  for (const [index, id] of [theGroup, other].entries()) expect(rig.heard[index]).toContain(`${id} is refolded up to`);
  await worker.stop();
});

it.each(['clearForRefold', 'write', 'finishRefold'] as const)(
  'a worker that dies before %s leaves it parked and asked for, and the next one begins anew',
  async (fatal) => {
    const rig = createRig();
    const first = rig.startWorker();
    for (let index = 0; index < 1_200; index++) rig.say(theGroup, `message ${index}`);
    await rig.pass(500);
    await rig.store.askRefolds([request]);
    let isRefolding = false;
    rig.before = (call) => {
      isRefolding ||= call === 'clearForRefold';
      if (isRefolding && call === fatal) throw new Error('the worker is gone');
    };
    await rig.pass(untilRefoldedMs);
    expect(rig.heard).toContain('Error: the worker is gone');
    await first.stop();
    rig.before = () => undefined;
    expect(await rig.store.parked(shard)).toHaveLength(1);
    expect(await rig.store.refoldsAsked()).toStrictEqual([request]);

    const next = rig.startWorker();
    await rig.pass(untilRefoldedMs);
    await rig.expectWhole();
    await next.stop();
  },
);

it('a shard that is ended and begun again while it is refolded comes to rest', async () => {
  const rig = createRig();
  const seen: string[] = [];
  const work = refolding(
    { begin: () => void seen.push('begin'), end: async () => void seen.push('end') },
    {
      projection: timeline,
      store: rig.store,
      log: rig.log,
      world: { sleep: async () => new Promise((resolve) => void setTimeout(resolve, 1)) },
      observer: {},
    },
  );
  await rig.store.askRefolds([request]);
  for (let round = 0; round < 20; round++) {
    work.begin(shard);
    await new Promise((resolve) => void setTimeout(resolve, round % 3));
    const ended = work.end(shard);
    work.begin(shard);
    await ended;
    await work.end(shard);
  }
  let depth = 0;
  for (const step of seen) {
    depth = step === 'begin' ? depth + 1 : 0;
    expect(depth).toBeLessThanOrEqual(1);
  }
  expect(seen.at(-1)).toBe('end');
});

it('clears above whatever may have been written, and folds what another worker passed over meanwhile', async () => {
  const rig = createRig();
  for (let count = 0; count < 5; count++) rig.say(theGroup, `message ${count}`);
  const upTo = (count: number) => foldBatch(timeline, rig.log.events().slice(0, count));
  await rig.store.write(shard, upTo(3)); // of 5: rows may lie beyond the checkpoint
  const cleared: number[] = [];
  const done = Promise.withResolvers<number>();
  const store: typeof rig.store = {
    ...rig.store,
    async clearForRefold(...asked) {
      cleared.push(asked[2]);
      await rig.store.clearForRefold(...asked);
    },
    async write(...written) {
      await rig.store.write(...written);
      if (cleared.length === 0 || rig.log.events().length > 5) return;
      rig.say(theGroup, 'late');
      await rig.store.write(shard, { rows: [], heads: [], parked: [], checkpoint: upTo(6).checkpoint });
    },
  };
  const work = refolding(
    { begin: () => undefined, end: async () => undefined },
    {
      projection: timeline,
      store,
      log: rig.log,
      world: { sleep: async () => new Promise((resolve) => void setTimeout(resolve, 1)) },
      observer: { refolded: (_, __, refolded) => done.resolve(refolded.upTo) },
    },
  );
  await store.askRefolds([request]);
  work.begin(shard);
  expect(await done.promise).toBe(6);
  await work.end(shard);
  expect(cleared).toStrictEqual([5]);
  expect(await rig.rowsOf(theGroup)).toHaveLength(6);
  expect(await store.parked(shard)).toStrictEqual([]);
});

// A running process follows what operators change, and goes on with what it knows when it cannot look.
import { expect, it } from 'vitest';
import { createMovingClock } from '../testing/moving-clock.ts';
import { withBuilding, withState, without, withServing } from './generations.ts';
import type { GenerationRegistry, ProjectionGenerations } from './generations.ts';
import { followGenerations, GENERATIONS } from './live-generations.ts';

function createRig() {
  const clock = createMovingClock();
  const world = { now: clock.now, sleep: clock.sleep };
  let record: ProjectionGenerations | undefined;
  let isAway = false;
  const reach = (): void => {
    if (isAway) throw new Error('the registry is away');
  };
  const registry: GenerationRegistry = {
    load: async () => (reach(), record),
    change: async (_projection, change) => (reach(), (record = change(record))),
  };
  const heard: { opened: number[]; closed: number[]; failures: unknown[] } = { opened: [], closed: [], failures: [] };
  const follow = (isWorker: boolean) =>
    followGenerations({
      registry,
      projection: { name: 'timeline', version: 1 },
      world,
      isWorker,
      open: async (number) => (heard.opened.push(number), `store ${number}`),
      close: async (number) => void heard.closed.push(number),
      failed: (error) => heard.failures.push(error),
    });
  return {
    follow,
    heard,
    registry,
    setAway: (away: boolean) => (isAway = away),
    async change(change: (before: ProjectionGenerations) => ProjectionGenerations) {
      await registry.change('timeline', (before) => change(before ?? { serving: 1, last: 1, generations: [] }));
      await clock.pass(GENERATIONS.pollMs + clock.stepMs);
    },
    pass: clock.pass,
    /** The clock has to move for it to end. */
    async end(live: AsyncDisposable) {
      const ended = live[Symbol.asyncDispose]();
      await clock.pass(GENERATIONS.pollMs);
      await ended;
    },
  };
}

it('a worker registers the first generation, folds it and reads it', async () => {
  const rig = createRig();
  const live = await rig.follow(true);
  expect((await rig.registry.load('timeline'))?.generations).toMatchObject([{ number: 1, state: 'following' }]);
  expect([live.serving(), live.following()]).toStrictEqual([
    { number: 1, store: 'store 1' },
    [{ number: 1, store: 'store 1' }],
  ]);
  await rig.end(live);
});

it('a gateway registers nothing and opens what serves alone', async () => {
  const rig = createRig();
  const live = await rig.follow(false);
  expect(await rig.registry.load('timeline')).toBeUndefined();
  expect([live.serving().number, live.following()]).toStrictEqual([1, []]);
  await rig.end(live);
});

it('follows a new generation, then its serving, then the end of the old one', async () => {
  const rig = createRig();
  const live = await rig.follow(true);
  let changes = 0;
  const listening = live.onChange(() => changes++);
  await rig.change((before) => withBuilding(before, 1, 5));
  expect([live.following().length, changes]).toStrictEqual([1, 0]);
  await rig.change((before) => withState(before, 2, 'following'));
  expect([live.serving().number, live.following().map(({ number }) => number)]).toStrictEqual([1, [1, 2]]);
  await rig.change((before) => withServing(before, 2));
  expect([live.serving().store, changes]).toStrictEqual(['store 2', 2]);
  await rig.change((before) => without(before, 1));
  expect([live.following().map(({ number }) => number), rig.heard.closed]).toStrictEqual([[2], [1]]);
  expect(rig.heard.opened).toStrictEqual([1, 2]);
  listening[Symbol.dispose]();
  await rig.end(live);
});

it('goes on with what it knows while the registry is away', async () => {
  const rig = createRig();
  const live = await rig.follow(true);
  await rig.change((before) => withState(withBuilding(before, 1, 5), 2, 'following'));
  rig.setAway(true);
  await rig.pass(3 * GENERATIONS.pollMs);
  expect(rig.heard.failures.length).toBeGreaterThan(1);
  expect(live.following().length).toBe(2);
  rig.setAway(false);
  await rig.change((before) => withServing(before, 2));
  expect(live.serving().number).toBe(2);
  await rig.end(live);
});

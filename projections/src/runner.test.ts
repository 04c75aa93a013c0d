import {
  LogGap,
  shardOf,
  UnknownEventVersion,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  at,
  createTestLog,
  createTestWorld,
  said,
  stored,
  theGroup,
  type TestLogOptions,
} from '@parley/domain/testing';
import { assertFollows, RUNNER, runReader, type LogReader, type RunnerObserver } from './runner.ts';

const shard = 0 as Shard;
const onShard1 =
  ['g_1', 'g_2', 'g_3', 'g_4'].map((id) => id as ConversationId).find((id) => shardOf(id, 2) === 1) ?? theGroup;
const nobody: RunnerObserver = { applied: () => undefined, retrying: () => undefined, stopped: () => undefined };

/** A reader that keeps what it applied, and its checkpoint with it. */
function createKeeper(
  hooks: { readonly apply?: (events: readonly StoredEvent[]) => void; readonly checkpoint?: () => void } = {},
) {
  const applied: Position[] = [];
  const reader: LogReader = {
    name: 'keeper',
    async checkpoint() {
      hooks.checkpoint?.();
      return applied.at(-1) ?? at(0);
    },
    async apply(_shard, events) {
      hooks.apply?.(events);
      applied.push(...events.map(({ position }) => position));
    },
  };
  return { reader, applied };
}

/** Runs the reader until the observer has heard what the test waits for, then stops it. */
async function runUntil(
  reader: LogReader,
  options: {
    readonly events: number;
    readonly log?: TestLogOptions;
    readonly until: (heard: readonly Heard[]) => boolean;
  },
) {
  const world = createTestWorld();
  const log = createTestLog(options.log);
  for (let i = 0; i < options.events; i++) log.put(said(`${i}`));
  const heard: Heard[] = [];
  const enough = Promise.withResolvers<void>();
  const hear = (what: Heard): void => {
    heard.push(what);
    if (options.until(heard)) enough.resolve();
  };
  const observer: RunnerObserver = {
    applied: (_reader, _shard, events) => hear({ type: 'applied', upTo: events.at(-1)?.position ?? 0 }),
    retrying: (_reader, _shard, error) => hear({ type: 'retrying', error }),
    stopped: (_reader, _shard, error) => hear({ type: 'stopped', error }),
  };
  const running = runReader(reader, { log, world, observer });
  await enough.promise;
  await running[Symbol.asyncDispose]();
  return { heard, world, log };
}

type Heard =
  | { readonly type: 'applied'; readonly upTo: number }
  | { readonly type: 'retrying' | 'stopped'; readonly error: unknown };

const appliedUpTo = (position: number) => (heard: readonly Heard[]) =>
  heard.some((one) => one.type === 'applied' && one.upTo >= position);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a reader of the log', () => {
  it('applies every event once and in order', async () => {
    const { reader, applied } = createKeeper();
    await runUntil(reader, { events: 5, log: { stepMax: () => 2 }, until: appliedUpTo(5) });
    expect(applied).toEqual(numbers(5));
  });

  it('goes on with the next events when they come', async () => {
    const log = createTestLog();
    log.put(said('before'));
    const { reader, applied } = createKeeper();
    const second = Promise.withResolvers<void>();
    const observer: RunnerObserver = {
      applied: (_reader, _shard, events) =>
        events.at(-1)?.position === 1 ? void log.put(said('after')) : second.resolve(),
      retrying: () => undefined,
      stopped: () => undefined,
    };
    const running = runReader(reader, { log, world: createTestWorld(), observer });
    await second.promise;
    await running[Symbol.asyncDispose]();
    expect(applied).toEqual([1, 2]);
  });

  it('begins after its checkpoint', async () => {
    const { reader, applied } = createKeeper();
    applied.push(at(3));
    await runUntil(reader, { events: 5, until: appliedUpTo(5) });
    expect(applied).toEqual([3, 4, 5]);
  });

  it('reads every shard, each with its own progress', async () => {
    const seen = new Set<number>();
    const reader: LogReader = {
      name: 'all',
      checkpoint: async (one) => (seen.add(one), at(0)),
      apply: async () => undefined,
    };
    const running = runReader(reader, {
      log: createTestLog({ shards: 3 }),
      world: createTestWorld(),
      observer: nobody,
    });
    await running[Symbol.asyncDispose]();
    expect([...seen]).toEqual([0, 1, 2]);
  });

  it('retries with a longer pause each time, up to a limit, and starts anew after a success', async () => {
    let failures = 0;
    const { reader, applied } = createKeeper({
      apply: ([first]) => {
        if ((first?.position === 1 && failures++ < 10) || (first?.position === 2 && failures++ < 12))
          throw new Error('down');
      },
    });
    const { world, heard } = await runUntil(reader, { events: 2, log: { stepMax: () => 1 }, until: appliedUpTo(2) });
    expect(applied).toEqual([1, 2]);
    expect(heard.filter(({ type }) => type === 'retrying').length).toBe(world.slept.length);
    const pauses = world.slept.map((ms) => ms / 0.75); // the test's dice always says one half
    expect(pauses.slice(0, 10)).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(pauses[10]).toBe(RUNNER.retryMsMin);
  });

  it.each([
    [0, RUNNER.retryMsMin / 2],
    [1, RUNNER.retryMsMin],
  ])('spreads its pauses: with a dice of %i the first is %i ms', async (dice, pauseMs) => {
    const broken: LogReader = { ...createKeeper().reader, checkpoint: () => Promise.reject(new Error('down')) };
    const paused = Promise.withResolvers<number>();
    const sleep: World['sleep'] = (ms, signal) => {
      paused.resolve(ms);
      return new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve());
      });
    };
    const world = { ...createTestWorld({ random: () => dice }), sleep };
    const running = runReader(broken, { log: createTestLog(), world, observer: nobody });
    expect(await paused.promise).toBe(pauseMs);
    await running[Symbol.asyncDispose]();
  });

  it.each([
    ['a hole in the log', () => new LogGap('gone')],
    ['an event it cannot understand', () => new UnknownEventVersion('v9')],
  ])('stops at %s, says so, and applies nothing more', async (_what, failure) => {
    const { reader, applied } = createKeeper();
    const { heard } = await runUntil(reader, {
      events: 3,
      log: { before: (call) => (call === 'read' ? Promise.reject(failure()) : undefined) },
      until: (all) => all.some(({ type }) => type === 'stopped'),
    });
    expect(heard.map(({ type }) => type)).toEqual(['stopped']);
    expect(applied).toEqual([]);
  });

  it('stops when its checkpoint is beyond the head', async () => {
    const { reader, applied } = createKeeper();
    applied.push(at(9));
    const { heard } = await runUntil(reader, { events: 3, until: (all) => all.length > 0 });
    expect(heard).toMatchObject([{ type: 'stopped', error: { name: 'LogGap' } }]);
    expect(applied).toEqual([9]);
  });

  it('stops one shard and goes on with the others', async () => {
    const log = createTestLog({ shards: 2 });
    const stoppedShards: number[] = [];
    const bothDone = Promise.withResolvers<void>();
    const reader: LogReader = {
      name: 'half',
      checkpoint: async (one) => (one === 0 ? at(7) : at(0)),
      apply: async () => bothDone.resolve(),
    };
    const running = runReader(reader, {
      log,
      world: createTestWorld(),
      observer: { ...nobody, stopped: (_, one) => void stoppedShards.push(one) },
    });
    log.put(said('x'), { conversationId: onShard1 });
    await bothDone.promise;
    await running[Symbol.asyncDispose]();
    expect(stoppedShards).toEqual([0]);
  });

  it('neither skips nor reorders an event, whatever fails when', async () => {
    const failAt = fc.infiniteStream(fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 6 }),
        failAt,
        async (events, stepMax, fails) => {
          let budget = 30;
          const maybeFail = (): void => {
            if (budget-- > 0 && fails.next().value) throw new Error('flaky');
          };
          const { reader, applied } = createKeeper({ apply: maybeFail, checkpoint: maybeFail });
          await runUntil(reader, {
            events,
            log: { stepMax: () => stepMax, before: maybeFail },
            until: appliedUpTo(events),
          });
          expect(applied).toEqual(numbers(events));
        },
      ),
    );
  });
});

describe('positions that follow one another', () => {
  const run = (...positions: readonly number[]) => positions.map((position) => stored(position, said('x')));

  it('give the last one, or where one was when there is none', () => {
    expect(assertFollows(shard, at(4), run(5, 6, 7))).toBe(7);
    expect(assertFollows(shard, at(4), [])).toBe(4);
  });

  it.each([[[6]], [[5, 7]], [[4]], [[5, 5]], [[5, 6, 5]]])('are not %j after 4', (positions) => {
    expect(() => assertFollows(shard, at(4), run(...positions))).toThrow(LogGap);
  });
});

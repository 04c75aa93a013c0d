// A world that tests move by hand: sleeping moves its clock, and nothing waits.
import type { World } from '../world.ts';
import { clientId, startTs } from './facts.ts';

export interface TestWorld extends World {
  /** Moves the clock and runs what was scheduled until then. */
  advance(ms: number): void;
  /** How long each sleep was to be. */
  readonly slept: readonly number[];
}

export function createTestWorld(options: { readonly random?: () => number } = {}): TestWorld {
  let now = startTs;
  let uuids = 0;
  const slept: number[] = [];
  const timers = new Set<{ readonly dueTs: number; readonly task: () => void }>();

  const advance = (ms: number): void => {
    now += ms;
    const due = [...timers].filter(({ dueTs }) => dueTs <= now);
    for (const timer of due) if (timers.delete(timer)) timer.task();
  };

  return {
    advance,
    slept,
    now: () => now,
    schedule(delayMs, task) {
      const timer = { dueTs: now + delayMs, task };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    async sleep(delayMs) {
      slept.push(delayMs);
      advance(delayMs);
    },
    random: options.random ?? (() => 0.5),
    uuid: () => clientId(now, ++uuids),
  };
}

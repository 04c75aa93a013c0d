// Real timers, and a clock that tests can move on: sockets need real time to pass, tokens and leases need it to leap.
import { setImmediate } from 'node:timers/promises';
import { createWorld } from '@parley/infra/runtime';
import type { World } from '@parley/domain';

export interface MovingWorld extends World {
  /** Moves the clock on, second by second, and runs what comes due by it. */
  advance(ms: number): Promise<void>;
  /** Sets the clock; timers do not notice. */
  leap(ms: number): void;
}

const stepMs = 1_000;

export function createMovingWorld(): MovingWorld {
  const real = createWorld();
  const timers = new Set<{ readonly dueTs: number; run(): void }>();
  let aheadMs = 0;
  const now = (): number => real.now() + aheadMs;

  function schedule(delayMs: number, task: () => void): Disposable {
    const timer = {
      dueTs: now() + delayMs,
      run() {
        timers.delete(timer);
        waiting[Symbol.dispose]();
        task();
      },
    };
    timers.add(timer);
    const waiting = real.schedule(delayMs, () => timer.run());
    return {
      [Symbol.dispose]() {
        timers.delete(timer);
        waiting[Symbol.dispose]();
      },
    };
  }

  return {
    ...real,
    now,
    schedule,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = schedule(delayMs, resolve);
        signal?.addEventListener('abort', () => {
          timer[Symbol.dispose]();
          resolve();
        });
      }),
    leap(ms) {
      aheadMs += ms;
    },
    async advance(ms) {
      for (let left = ms; left > 0; left -= stepMs) {
        aheadMs += Math.min(stepMs, left);
        for (const timer of timers) if (timer.dueTs <= now()) timer.run();
        await setImmediate(); // what a timer began goes on before the next one
      }
    },
  };
}

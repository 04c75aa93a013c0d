// The world outside (`domain/world.ts`), for real.
import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from '@parley/domain';
import { uuidv7 } from 'uuidv7';

/** This machine's clock, timers and randomness. */
export function createWorld(): World {
  return {
    now: () => Date.now(),
    schedule(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    async sleep(delayMs, signal) {
      if (signal?.aborted) return;
      await sleep(delayMs, undefined, signal && { signal }).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    },
    random: () => Math.random(),
    uuid: () => uuidv7(),
  };
}

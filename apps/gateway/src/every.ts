// Work that comes back: heartbeats, leases, looks at a clock.
import type { World } from '@parley/domain';

/** Runs `task` again and again, `intervalMs` after the last run ended, until disposed. A task answers for its own failures. */
export function every(world: World, intervalMs: number, task: () => void | Promise<void>): Disposable {
  let isDisposed = false;
  let timer = world.schedule(intervalMs, run);

  function run(): void {
    const again = (): void => {
      if (!isDisposed) timer = world.schedule(intervalMs, run);
    };
    Promise.resolve(task()).then(again, again);
  }

  return {
    [Symbol.dispose]() {
      isDisposed = true;
      timer[Symbol.dispose]();
    },
  };
}

// A clock for tests in which several things wait at once: it stands still until it is moved, and moves in steps, so that what
// wakes at one step is done before the next.
export interface MovingClock {
  readonly stepMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Resolves at the first step at which this holds. */
  readonly until: (isOver: () => boolean) => Promise<void>;
  readonly pass: (ms: number) => Promise<void>;
}

const stepMs = 50;

/** Lets everything happen that waits for nothing but its turn. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export function createMovingClock(): MovingClock {
  let now = 1_000_000;
  const sleepers = new Set<() => void>();

  const until = (isOver: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isOver()) return;
        sleepers.delete(look);
        resolve();
      };
      sleepers.add(look);
      look();
    });

  return {
    stepMs,
    now: () => now,
    until,
    sleep(ms, signal) {
      const dueTs = now + ms;
      return until(() => now >= dueTs || signal?.aborted === true);
    },
    async pass(ms) {
      const end = now + ms;
      while (now < end) {
        now = Math.min(end, now + stepMs);
        for (const look of sleepers) look();
        await settled();
      }
    },
  };
}

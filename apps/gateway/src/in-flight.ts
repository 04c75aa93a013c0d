// Work that has begun and not ended: a drain waits for it.

export interface InFlight {
  readonly size: number;
  track(work: Promise<unknown>): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createInFlight(): InFlight {
  let size = 0;
  let waiting: (() => void)[] = [];

  function ended(): void {
    size--;
    if (size > 0) return;
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }

  return {
    get size() {
      return size;
    },
    track(work) {
      size++;
      void work.then(ended, ended); // whoever began it answers for its failure
    },
    idle: () => (size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

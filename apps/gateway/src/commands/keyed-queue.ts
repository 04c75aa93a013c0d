// Work with one key runs one at a time, in call order; different keys do not wait for one another.

export interface KeyedQueue {
  /** Undefined when the queue is full: nothing was begun. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> | undefined;
  /** What waits or runs. */
  readonly size: number;
}

export function createKeyedQueue(sizeMax: number): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  let size = 0;

  return {
    get size() {
      return size;
    },
    run(key, work) {
      if (size >= sizeMax) return undefined;
      size++;
      const before = last.get(key);
      const result = (before ? before.then(work) : Promise.try(work)).finally(() => {
        size--;
        if (last.get(key) === settled) last.delete(key);
      });
      const settled = result.catch(() => undefined); // the caller hears of it; the next in the queue does not
      last.set(key, settled);
      return result;
    },
  };
}

// Work with one key runs one at a time, in call order; different keys do not wait for one another. A queue that is long and slow
// takes no more: who is refused at once can go elsewhere, who waits in vain cannot.
import type { TimestampMs } from '@parley/domain';

export interface KeyedQueue {
  /** Undefined when the queue is full, or too slow for its length: nothing was begun. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> | undefined;
  /** What waits or runs. */
  readonly size: number;
}

/** What else may be heard of work that has to wait in line. */
export interface Overloaded {
  readonly type: 'Overloaded';
  readonly retryAfterMs: number;
}

export const overloadedRetryMs = 500;

export const inLine = async <Result>(
  queue: Pick<KeyedQueue, 'run'>,
  key: string,
  work: () => Promise<Result>,
): Promise<Result | Overloaded> => queue.run(key, work) ?? { type: 'Overloaded', retryAfterMs: overloadedRetryMs };

export interface KeyedQueueOptions {
  readonly sizeMax: number;
  /** When work has taken longer than this of late, its wait included, a long queue takes no more. For ever, when not given. */
  readonly waitMsMax?: number;
  readonly now: () => TimestampMs;
}

/** A queue of this length is never too slow: each of its callers has its reason to wait. */
export const SHORT_QUEUE = 256;
/** Of how many of late the time is the mean, about. */
const remembered = 32;

export function createKeyedQueue({
  sizeMax,
  waitMsMax = Number.POSITIVE_INFINITY,
  now,
}: KeyedQueueOptions): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  let size = 0;
  let tookMs = 0;

  return {
    get size() {
      return size;
    },
    run(key, work) {
      if (size >= sizeMax || (size >= SHORT_QUEUE && tookMs > waitMsMax)) return undefined;
      size++;
      const calledTs = now();
      const before = last.get(key);
      const result = (before ? before.then(work) : Promise.try(work)).finally(() => {
        size--;
        tookMs += (now() - calledTs - tookMs) / remembered;
        if (last.get(key) === settled) last.delete(key);
      });
      const settled = result.catch(() => undefined); // the caller hears of it; the next in the queue does not
      last.set(key, settled);
      return result;
    },
  };
}

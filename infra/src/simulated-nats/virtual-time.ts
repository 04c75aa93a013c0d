// Time that passes when everything that could happen now has happened: timers and deliveries in one queue, run one by one. The
// same tasks in the same order for the same seed, whatever machine it runs on and however fast.
import type { TimestampMs, World } from '@parley/domain';

/** A turn of Node's event loop costs more than a step. */
const stepsPerTurn = 64;

interface Due {
  readonly atTs: TimestampMs;
  /** Of two at the same time the earlier asked for comes first. */
  readonly serial: number;
  /** Undefined: it was called off. */
  task: (() => void) | undefined;
}

export class VirtualTime implements Pick<World, 'now' | 'schedule'> {
  /** A binary heap: no entry is before its parent, at (index - 1) / 2. */
  readonly #queue: Due[] = [];
  #nowTs: TimestampMs;
  #serial = 0;
  #ran = 0;
  #checksum = 0;

  constructor(startTs: TimestampMs) {
    this.#nowTs = startTs;
  }

  now(): TimestampMs {
    return this.#nowTs;
  }

  /** Tasks so far. */
  get ran(): number {
    return this.#ran;
  }

  /** Of all that ran, and when: two runs that have it in common did the same. */
  get checksum(): number {
    return this.#checksum;
  }

  schedule(delayMs: number, task: () => void): Disposable {
    const due: Due = { atTs: this.#nowTs + Math.max(0, delayMs), serial: this.#serial++, task };
    this.#push(due);
    return { [Symbol.dispose]: () => void (due.task = undefined) };
  }

  /** As when a machine slept: what was due meanwhile is late. */
  leap(durationMs: number): void {
    this.#nowTs += durationMs;
  }

  /** Resolves when it is over; rejects with what a task throws, and when nothing is left to happen. */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isEnded = false;
      const end = (settle: () => void): void => {
        isEnded = true;
        settle();
      };
      // Between two immediates Node runs every microtask there is: what a task set off has come to rest before the next one.
      const step = (): void => {
        try {
          if (isEnded) return;
          if (isOver()) end(resolve);
          else this.#runNext();
        } catch (error) {
          end(() => reject(new Error(`at ${this.#nowTs}`, { cause: error })));
        }
      };
      const turn = (): void => {
        if (isEnded) return;
        for (let count = 0; count < stepsPerTurn; count++) setImmediate(step);
        setImmediate(turn);
      };
      turn();
    });
  }

  #runNext(): void {
    let due = this.#pop();
    while (due && due.task === undefined) due = this.#pop();
    if (!due?.task) throw new Error('nothing is left to happen, and it is not over');
    this.#nowTs = Math.max(this.#nowTs, due.atTs);
    this.#ran++;
    this.#checksum = (Math.imul(this.#checksum, 31) + Math.imul(due.serial, 7) + Math.round(this.#nowTs * 1_000)) | 0;
    due.task();
  }

  #push(due: Due): void {
    const queue = this.#queue;
    let index = queue.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(due, queue[parent])) break;
      queue[index] = queue[parent] ?? due;
      index = parent;
    }
    queue[index] = due;
  }

  #pop(): Due | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (last && queue.length > 0) this.#sink(last);
    return first;
  }

  /** Into the place of the first. */
  #sink(due: Due): void {
    const queue = this.#queue;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBefore(queue[left + 1], queue[left]) ? left + 1 : left;
      const next = queue[child];
      if (!next || !isBefore(next, due)) break;
      queue[index] = next;
      index = child;
    }
    queue[index] = due;
  }
}

const isBefore = (one: Due | undefined, other: Due | undefined): boolean =>
  one !== undefined &&
  (other === undefined || one.atTs < other.atTs || (one.atTs === other.atTs && one.serial < other.serial));

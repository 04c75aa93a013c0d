// Takes down what happens, in the order in which it is told, at a time that never goes back.
import type { History, HistoryEntry } from './history.ts';

/** An entry before it has its time. */
export type Happening = HistoryEntry extends infer Entry
  ? Entry extends HistoryEntry
    ? Omit<Entry, 'atMs'>
    : never
  : never;

export class HistoryRecorder {
  readonly entries: HistoryEntry[] = [];
  readonly #nowMs: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastRef = 0;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  record(happening: Happening): void {
    this.#lastMs = Math.max(this.#lastMs, this.#nowMs());
    this.entries.push({ atMs: this.#lastMs, ...happening });
  }

  /** Of a question, so that its answer can name it. */
  newRef(): string {
    return `ref ${++this.#lastRef}`;
  }

  get history(): History {
    return this.entries;
  }
}

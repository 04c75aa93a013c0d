// The most memory that this process has had by the time that a quarter, a half, three quarters and all of its work was done: flat when
// the later ones are no more than the earlier.
import { peakRssMiB } from '../processes.ts';

const parts = [0.25, 0.5, 0.75, 1] as const;

export class MemoryLine {
  readonly #peaksMiB: number[] = [];

  /** Called often: what is between two calls counts for the later one. */
  at(done: number, total: number): void {
    while (this.#peaksMiB.length < parts.length - 1 && done >= total * (parts[this.#peaksMiB.length] ?? 1)) {
      this.#peaksMiB.push(peakRssMiB());
    }
  }

  /** In the order of the parts. */
  end(): readonly number[] {
    return parts.map((_, index) => this.#peaksMiB[index] ?? peakRssMiB());
  }
}

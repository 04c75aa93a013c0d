// Chance that can be repeated: each thing that happens has a source of its own, so that one more throw here changes nothing there.
import { seeded } from '@parley/proof';

export class Chance {
  readonly #next: () => number;

  constructor(seed: number, name: string) {
    let hash = seed | 0;
    for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
    this.#next = seeded(hash);
  }

  /** Uniform in [0, 1). */
  number(): number {
    return this.#next();
  }

  between(from: number, to: number): number {
    return from + this.#next() * (to - from);
  }

  /** Both included. */
  whole(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  happens(probability: number): boolean {
    return this.#next() < probability;
  }

  /** As RFC 9562 has it, but for where its chance comes from; of version 7 its time. */
  uuid(version: 4 | 7, mintedTs: number): string {
    const head = version === 7 ? Math.round(mintedTs).toString(16).padStart(12, '0') : this.#hex(12);
    return `${head.slice(0, 8)}-${head.slice(8)}-${version}${this.#hex(3)}-8${this.#hex(3)}-${this.#hex(12)}`;
  }

  #hex(digits: number): string {
    return Array.from({ length: digits }, () => this.whole(0, 15).toString(16)).join('');
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }
}

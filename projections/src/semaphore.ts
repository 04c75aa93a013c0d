// A bounded number of places; who finds none waits in line.

export class Semaphore {
  readonly #waiting: ((place: Disposable) => void)[] = [];
  readonly #place: Disposable = { [Symbol.dispose]: () => this.#release() };
  #free: number;

  /** How many wait in line. */
  get waiting(): number {
    return this.#waiting.length;
  }

  constructor(places: number) {
    this.#free = places;
  }

  /** Dispose what it resolves with, once. */
  async acquire(): Promise<Disposable> {
    if (this.#free === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#free--;
    return this.#place;
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next(this.#place);
    else this.#free++;
  }
}

// What this gateway has from delivery, shard by shard: the arithmetic that makes a lost batch visible.
import type { DeliveryBatch, Position } from '@parley/domain';

/** `repeat`: nothing in it is new. `hole`: something before it never came. */
export type BatchVerdict = 'first' | 'next' | 'repeat' | 'hole';

export class Marks {
  readonly #marks: (Position | undefined)[];

  constructor(shards: number) {
    this.#marks = Array.from({ length: shards });
  }

  /** Nothing that is stored from now on can go by unnoticed. */
  get isComplete(): boolean {
    return !this.#marks.includes(undefined);
  }

  /** Everything up to here was in earlier batches. */
  at({ shard }: DeliveryBatch): Position | undefined {
    return this.#marks[shard];
  }

  /** Moves the shard's mark to the end of this batch, unless it is there. */
  take({ shard, after, last }: DeliveryBatch): BatchVerdict {
    const mark = this.#marks[shard];
    if (mark !== undefined && last <= mark) return 'repeat';
    this.#marks[shard] = last;
    if (mark === undefined) return 'first';
    return after > mark ? 'hole' : 'next';
  }
}

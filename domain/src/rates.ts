// A rate with a burst: what one session, or one user, may do. The limit is exact and costs two numbers.
import type { UserId } from './ids.ts';
import type { TimestampMs } from './world.ts';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A bucket for each user, full at first: one for all their devices, at whichever gateway they call. */
export interface RateBuckets {
  /**
   * Takes one; 0 when there was one, else how many milliseconds until there is. Never rejects, and soon: where the buckets that
   * all share cannot be asked, each gateway counts by itself. Of the idlest users a bucket may be forgotten: it is full again.
   */
  take(userId: UserId, rate: Rate): Promise<number>;
}

export class TokenBucket {
  /** Time is what fills it, so it holds milliseconds: whole ones, where a fraction of a token would not be exact. */
  readonly #tokenMs: number;
  readonly #fullMs: number;
  #filledMs: number;
  #countedTs: TimestampMs;

  constructor({ perSecond, burst }: Rate, now: TimestampMs) {
    this.#tokenMs = 1000 / perSecond;
    this.#fullMs = burst * this.#tokenMs;
    this.#filledMs = this.#fullMs;
    this.#countedTs = now;
  }

  /** Takes one; 0 when there was one, else how many milliseconds until there is. */
  take(now: TimestampMs): number {
    const passedMs = Math.max(0, now - this.#countedTs); // a clock may step back
    this.#filledMs = Math.min(this.#fullMs, this.#filledMs + passedMs);
    this.#countedTs = now;
    if (this.#filledMs < this.#tokenMs) return Math.ceil(this.#tokenMs - this.#filledMs);
    this.#filledMs -= this.#tokenMs;
    return 0;
  }
}

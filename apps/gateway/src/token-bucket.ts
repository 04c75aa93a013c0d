// A rate with a burst: what one session, or one user, may do. The limit is exact and costs two numbers.
import type { TimestampMs } from '@parley/domain';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #countedTs: TimestampMs;

  constructor(rate: Rate, now: TimestampMs) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#countedTs = now;
  }

  /** Takes one; 0 when there was one, else how many milliseconds until there is. */
  take(now: TimestampMs): number {
    const { perSecond, burst } = this.#rate;
    const grown = (Math.max(0, now - this.#countedTs) * perSecond) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + grown);
    this.#countedTs = now;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / perSecond);
    this.#tokens -= 1;
    return 0;
  }
}

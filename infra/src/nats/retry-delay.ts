// How long to wait before trying again: exponential with full jitter, so that those who failed together do not return together.
import type { World } from '@parley/domain';

export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** For a server that is away. */
export const outageBackOff: BackOff = { firstMs: 25, maxMs: 500 };

/** For another writer in the way (10158, 10164), gone within a round trip or two. */
export const contentionBackOff: BackOff = { firstMs: 2, maxMs: 50 };

export const retryDelayMs = (world: World, attempt: number, { firstMs, maxMs }: BackOff = outageBackOff): number =>
  Math.ceil(world.random() * Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 16)));

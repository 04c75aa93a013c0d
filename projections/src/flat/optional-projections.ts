// Read models that workers keep only where they are asked to (`PARLEY_PROJECTIONS`): the one table of them. The `parley` command
// rebuilds and verifies them like any other.
import type { LiveGenerations } from '../generations/live-generations.ts';
import { messagesPerDay } from '../messages-per-day/messages-per-day.ts';
import type { Head } from '../projection.ts';
import type { FlatProjection, FlatRow, FlatStore } from './flat-projection.ts';

export const OPTIONAL_PROJECTIONS: readonly FlatProjection<Head, FlatRow>[] = [messagesPerDay];

/** One of them, as a worker keeps it. */
export interface OptionalReadModel {
  readonly projection: FlatProjection<Head, FlatRow>;
  readonly live: LiveGenerations<FlatStore<Head, FlatRow>>;
}

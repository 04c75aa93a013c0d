// Judges a history: which promises were broken, and by which entries it is proved. Pure: the same history, the same offences.
import type { History, HistoryEntry } from './history.ts';

/** Each is a promise; its module says what it sees and what it cannot. */
export type OffenceKind =
  | 'acked loss'
  | 'invented or altered'
  | 'idempotency'
  | 'order'
  | 'gap'
  | 'resume'
  | 'session order'
  | 'real-time order'
  | 'read your writes'
  | 'privacy'
  | 'rows'
  | 'unanswered'
  | 'late';

export interface Offence {
  readonly kind: OffenceKind;
  /** For people. */
  readonly sentence: string;
  /** What proves it. */
  readonly entries: readonly HistoryEntry[];
}

export interface CheckOptions {
  /** How long after the last fault has healed everything must have reached every member who is connected. */
  readonly visibleWithinMs: number;
  /** How far the log's clock (`storedMs`) may be from the recorder's (`atMs`). */
  readonly clockSkewMsMax?: number;
}

export function checkHistory(_history: History, _options: CheckOptions): readonly Offence[] {
  return [];
}

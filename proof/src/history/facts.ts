// A history indexed once, for all checks.
import { ConversationLog, type Window } from './conversation-log.ts';
import type { History, HistoryEntry, Logged, Row } from './history.ts';
import { pushTo, readingsOf, type Reading } from './readings.ts';
import { sendsOf, type Send } from './sends.ts';
import { viewsOf, type View } from './views.ts';

export interface CheckOptions {
  /** How long after the last fault has healed everything must have reached every member who is connected. */
  readonly visibleWithinMs: number;
  /** How far the log's clock (`storedMs`) may be from the recorder's (`atMs`): 250 ms, if not given. */
  readonly clockSkewMsMax?: number;
}

/** Each is a promise; its module in `checks/` says what it sees and what it cannot. */
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
  | 'changes'
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

export interface Facts {
  readonly history: History;
  readonly options: Required<CheckOptions>;
  readonly logs: ReadonlyMap<string, ConversationLog>;
  readonly sends: ReadonlyMap<string, Send>;
  readonly readings: readonly Reading[];
  readonly views: readonly View[];
  /** By conversation, by position; empty when no store was read. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  logOf(conversation: string): ConversationLog;
  windowOf(reading: Reading): Window;
}

export function factsOf(history: History, options: CheckOptions): Facts {
  const all = { clockSkewMsMax: 250, ...options };
  const logs = logsOf(history);
  const logOf = (conversation: string): ConversationLog => logs.get(conversation) ?? nothing;
  return {
    history,
    options: all,
    logs,
    sends: sendsOf(history),
    readings: readingsOf(history),
    views: viewsOf(history),
    rows: rowsOf(history),
    logOf,
    windowOf({ conversation, askedMs, endedMs }) {
      const log = logOf(conversation);
      if (askedMs === undefined || endedMs === undefined) return log.atTheEnd;
      return log.window(askedMs, endedMs, all.clockSkewMsMax);
    },
  };
}

const nothing = new ConversationLog([]);

function logsOf(history: History): ReadonlyMap<string, ConversationLog> {
  const listed = new Map<string, Logged[]>();
  for (const entry of history) if (entry.kind === 'logged') pushTo(listed, entry.conversation, entry);
  return new Map([...listed].map(([conversation, events]) => [conversation, new ConversationLog(events)]));
}

function rowsOf(history: History): ReadonlyMap<string, readonly Row[]> {
  const rows = new Map<string, Row[]>();
  for (const entry of history) if (entry.kind === 'row') pushTo(rows, entry.conversation, entry);
  for (const theirs of rows.values()) theirs.sort((a, b) => a.position - b.position);
  return rows;
}

/** "3, 7, 9 and 12 more". */
export function some(positions: readonly number[]): string {
  const shown = positions.slice(0, 5).join(', ');
  return positions.length > 5 ? `${shown} and ${positions.length - 5} more` : shown;
}

export const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

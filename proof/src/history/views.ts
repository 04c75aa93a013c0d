// What each client has of each conversation after applying every frame by the rule of the wire: at or below the cursor dropped,
// a `prev_id` beyond it not applied (the client asks to resume), else applied; after a resume the cursor is the head it names.
import type { HistoryEntry, Received, ResumeFailed, Resumed } from './history.ts';
import { clientOf } from './readings.ts';

export interface View {
  readonly user: string;
  readonly client: string;
  readonly conversation: string;
  /** Up to where it has everything; undefined once it was told to drop the conversation. */
  cursor: number | undefined;
  /** By position, as it was first applied. */
  readonly applied: Map<number, Received>;
  /** Ranges (after, up to) that a refused resume told it to read by pages instead. */
  readonly skipped: [number, number][];
}

export function viewsOf(history: readonly HistoryEntry[]): readonly View[] {
  const views = new Map<string, View>();
  const viewOf = (entry: Received | Resumed | ResumeFailed, conversation: string): View => {
    const client = clientOf(entry);
    const known = views.get(`${client} ${conversation}`);
    const view = known ?? { user: entry.user, client, conversation, cursor: 0, applied: new Map(), skipped: [] };
    views.set(`${client} ${conversation}`, view);
    return view;
  };
  for (const entry of history) {
    if (entry.kind === 'received') receive(viewOf(entry, entry.conversation), entry);
    else if (entry.kind === 'resume-failed') failed(viewOf(entry, entry.conversation), entry);
    else if (entry.kind === 'resumed') {
      for (const [id, head] of Object.entries(entry.heads)) advance(viewOf(entry, id), head);
    }
  }
  return [...views.values()];
}

function receive(view: View, frame: Received): void {
  if (frame.via === 'live') {
    const cursor = view.cursor ?? 0;
    view.cursor = cursor;
    if (frame.position <= cursor || (frame.prev ?? 0) > cursor) return;
    view.cursor = frame.position;
  }
  if (!view.applied.has(frame.position)) view.applied.set(frame.position, frame);
}

const advance = (view: View, head: number): void => {
  view.cursor = Math.max(view.cursor ?? 0, head);
};

function failed(view: View, { reason, head }: ResumeFailed): void {
  if (reason === 'not_a_member') view.cursor = undefined;
  else if (head !== undefined) {
    view.skipped.push([view.cursor ?? 0, head]);
    advance(view, head);
  }
}

export const isSkipped = ({ skipped }: View, position: number): boolean =>
  skipped.some(([after, upTo]) => after < position && position <= upTo);

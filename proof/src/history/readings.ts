// Everything that was ever shown, as lists: a client's live frames of a conversation, a resume's entries of it, a page, all
// pages, a fresh sync, the stored rows. Most checks go over these lists and need not know where they come from.
import type { HistoryEntry, PageAsked, PageRead, Received, ResumeAsked, Shown } from './history.ts';

export interface Reading {
  /** For sentences: "a page of alice's". */
  readonly name: string;
  readonly path: 'live' | 'resume' | 'page' | 'page walk' | 'fresh sync' | 'rows';
  readonly conversation: string;
  /** Whoever was shown it; rows are shown to nobody. */
  readonly user?: string;
  readonly shown: readonly Shown[];
  /** The entry that tells of each of them. */
  readonly proof: (index: number) => HistoryEntry;
  /** When it was asked for and had come; not of what is read after healing. */
  readonly askedMs?: number;
  readonly endedMs?: number;
  readonly page?: Page;
}

export interface Page {
  readonly asked: PageAsked;
  readonly read: PageRead;
}

export const clientOf = ({ user, device }: { readonly user: string; readonly device: string }): string =>
  `${user}/${device}`;

export function readingsOf(history: readonly HistoryEntry[]): readonly Reading[] {
  const readings: Reading[] = [];
  const received = new Map<string, Received[]>();
  const asked = new Map<string, PageAsked | ResumeAsked>();
  const rows = new Map<string, (HistoryEntry & Shown)[]>();
  for (const entry of history) {
    if (entry.kind === 'received') pushTo(received, listOf(entry), entry);
    else if (entry.kind === 'resume-asked') asked.set(`${clientOf(entry)} ${entry.ref}`, entry);
    else if (entry.kind === 'page-asked') asked.set(entry.ref, entry);
    else if (entry.kind === 'row' && entry.said) pushTo(rows, entry.conversation, { ...entry, said: entry.said });
    else readings.push(...wholeReading(entry, asked));
  }
  for (const list of received.values()) readings.push(...receivedReading(list, asked));
  for (const [conversation, shown] of rows) {
    readings.push({ name: 'the rows', path: 'rows', conversation, shown, proof: proofIn(shown) });
  }
  return readings;
}

const listOf = (entry: Received): string =>
  `${entry.via} ${clientOf(entry)} ${entry.conversation} ${entry.via === 'resume' ? entry.ref : ''}`;

/** What one entry tells whole. */
function wholeReading(entry: HistoryEntry, asked: ReadonlyMap<string, PageAsked | ResumeAsked>): readonly Reading[] {
  const proof = (): HistoryEntry => entry;
  if (entry.kind === 'page-walk') {
    const { user, conversation, messages: shown } = entry;
    return [{ name: `all pages of ${user}'s`, path: 'page walk', user, conversation, shown, proof }];
  }
  if (entry.kind === 'fresh-sync') {
    return [{ ...entry, name: `a fresh sync of ${entry.user}'s`, path: 'fresh sync', proof }];
  }
  if (entry.kind !== 'page-read') return [];
  const question = asked.get(entry.ref);
  if (question?.kind !== 'page-asked') return [];
  const { conversation, user, atMs: askedMs } = question;
  const times = { askedMs, endedMs: entry.atMs, page: { asked: question, read: entry } };
  return [{ name: `a page of ${user}'s`, path: 'page', conversation, user, shown: entry.messages, proof, ...times }];
}

function receivedReading(
  list: readonly Received[],
  asked: ReadonlyMap<string, PageAsked | ResumeAsked>,
): readonly Reading[] {
  const [first, last] = [list[0], list.at(-1)];
  if (!first || !last) return [];
  const { conversation, user, via: path } = first;
  const common = { path, conversation, user, shown: list, proof: proofIn(list) };
  if (path === 'live') return [{ ...common, name: `live frames of ${clientOf(first)}` }];
  const question = asked.get(`${clientOf(first)} ${first.ref}`);
  const times = question && { askedMs: question.atMs, endedMs: last.atMs };
  return [{ ...common, name: `a resume of ${clientOf(first)}`, ...times }];
}

function proofIn(list: readonly HistoryEntry[]): (index: number) => HistoryEntry {
  return (index) => {
    const entry = list[index];
    if (!entry) throw new Error(`nothing was shown as number ${index}`);
    return entry;
  };
}

/** The positions that a page speaks of: after < position <= upTo. */
export function rangeOf({ asked, read }: Page): { readonly after: number; readonly upTo: number } {
  const positions = read.messages.map(({ position }) => position);
  const [lowest, highest] = [Math.min(...positions), Math.max(...positions)];
  if (asked.around !== undefined) return { after: lowest - 1, upTo: highest };
  if (asked.after !== undefined) return { after: asked.after, upTo: read.hasMore ? highest : Infinity };
  return { after: read.hasMore ? lowest - 1 : 0, upTo: (asked.before ?? Infinity) - 1 };
}

export function pushTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

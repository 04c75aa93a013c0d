// Compares what each member was shown with the log, entry by entry. Pure. Who was a member when, it learns from the log alone.
import type { Entry, LogEntry } from '@parley/proof';

/** One conversation as the log has it: void events left out, in order. */
export interface LoggedRoom {
  readonly name: string;
  readonly events: readonly LogEntry[];
  readonly memberships: Memberships;
}

type Memberships = ReadonlyMap<string, readonly Interval[]>;

/** By position. */
export type View = ReadonlyMap<number, Entry>;

export interface Comparison {
  /** Entries that were held against the log. */
  readonly compared: number;
  /** Each a sentence; none when all is well. */
  readonly differences: readonly string[];
}

/** Positions, both of them inside; `to` is infinite for who is a member still. */
interface Interval {
  readonly from: number;
  readonly to: number;
}

export const toLoggedRoom = (name: string, events: readonly LogEntry[]): LoggedRoom => ({
  name,
  events,
  memberships: membershipsIn(events),
});

/** When each user was a member. The events of coming and going belong to it. */
function membershipsIn(events: readonly LogEntry[]): Memberships {
  const intervals = new Map<string, Interval[]>();
  for (const { said, position, actorId } of events) {
    if (said.type === 'message') continue;
    const isParting = said.type === 'removed' || said.type === 'left';
    for (const userId of said.type === 'created' ? [actorId, ...said.users] : said.users) {
      const theirs = intervals.get(userId) ?? [];
      intervals.set(userId, theirs);
      const last = theirs.at(-1);
      const isMember = last?.to === Number.POSITIVE_INFINITY;
      if (isParting && isMember) theirs.splice(-1, 1, { from: last.from, to: position });
      else if (!isParting && !isMember) theirs.push({ from: position, to: Number.POSITIVE_INFINITY });
    }
  }
  return intervals;
}

export const isPresent = ({ memberships }: LoggedRoom, userId: string): boolean =>
  memberships.get(userId)?.at(-1)?.to === Number.POSITIVE_INFINITY;

/** What a member may see where history begins with joining. */
export function visibleTo({ events, memberships }: LoggedRoom, userId: string): readonly LogEntry[] {
  const intervals = memberships.get(userId) ?? [];
  return events.filter(({ position }) => intervals.some(({ from, to }) => from <= position && position <= to));
}

/** Who is a member saw all of it; who left, and may read no more, saw a beginning without a gap; who never was, nothing. */
export function compareView(room: LoggedRoom, userId: string, view: View): Comparison {
  const visible = visibleTo(room, userId);
  const seen = [...view.values()].toSorted((a, b) => a.position - b.position);
  const expected = isPresent(room, userId) ? visible : visible.slice(0, seen.length);
  const differences: string[] = [];
  for (let index = 0; index < Math.max(seen.length, expected.length) && differences.length === 0; index++) {
    const [saw, has] = [tellSeen(seen[index]), tellLogged(expected[index])];
    if (saw !== has) differences.push(`${userId} in ${room.name}: saw ${saw}; the log has ${has}`);
  }
  return { compared: seen.length, differences };
}

/** A read path against what it should give, in the same words. */
export function compareLists(what: string, found: readonly string[], expected: readonly string[]): Comparison {
  const length = Math.max(found.length, expected.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => found[index] !== expected[index]);
  const differences =
    at === undefined ? [] : [`${what}: has ${found[at] ?? 'nothing'}; the log has ${expected[at] ?? 'nothing'}`];
  return { compared: found.length, differences };
}

export const tellMessage = (said: { senderId: string; body: string; replyTo?: number | undefined }): string =>
  `<${said.senderId}> ${JSON.stringify(said.body)}${said.replyTo === undefined ? '' : ` in answer to ${said.replyTo}`}`;

function tellLogged(entry: LogEntry | undefined): string {
  if (!entry) return 'nothing more';
  const { position, actorId, said, replyTo } = entry;
  if (said.type === 'message') return `${position} ${tellMessage({ senderId: actorId, body: said.body, replyTo })}`;
  return `${position} ${tellChange(actorId, said.type, said.users)}`;
}

/** As the log would have it said. */
export function tellSeen(entry: Entry | undefined): string {
  if (!entry) return 'nothing more';
  const { position, senderId = '', body = '', replyTo } = entry;
  if (entry.event === undefined) return `${position} ${tellMessage({ senderId, body, replyTo })}`;
  const event = JSON.parse(entry.event) as { type: string; user_ids?: string[]; user_id?: string };
  const users = event.user_ids ?? (event.user_id === undefined ? [] : [event.user_id]);
  return `${position} ${tellChange(senderId, event.type.replace(/^members?_/, ''), users)}`;
}

/** The frame of a creation shows members as they are now, not as they were: they are not compared. */
const tellChange = (actorId: string, type: string, users: readonly string[]): string =>
  type === 'created' ? `<${actorId}> created` : `<${actorId}> ${type} ${users.join(' ')}`;

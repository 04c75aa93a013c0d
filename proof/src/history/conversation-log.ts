// One conversation as the log has it: accepted events by position and by key, who was a member when, and when history was shared. The log is what every
// other path is compared with.
import type { ConversationChange, Logged, Message, Said } from './history.ts';

/** Both ends belong to it: the event that added a member and the one that removed them are theirs to see. */
interface Interval {
  readonly from: number;
  to?: number;
}

/** States of membership that a reading may have been served under: from what the log had surely, to what it may have had. */
export interface Window {
  readonly fromPosition: number;
  readonly toPosition: number;
}

export class ConversationLog {
  readonly accepted: readonly Logged[];
  readonly voided: readonly Logged[];
  /** As it was listed; `accepted` is by position. */
  readonly listed: readonly Logged[];
  readonly #indexOf: ReadonlyMap<number, number>;
  readonly #byKey: ReadonlyMap<string, readonly Logged[]>;
  readonly #intervals = new Map<string, Interval[]>();
  /** The latest of all times up to each event: clocks of two leaders may differ. */
  readonly #storedMs: readonly number[];
  /** From where on members read what was said before they joined, and to where. */
  readonly #shared: Interval[] = [];

  constructor(listed: readonly Logged[]) {
    this.listed = listed;
    this.accepted = listed.filter(({ isVoid }) => !isVoid).toSorted((a, b) => a.position - b.position);
    this.voided = listed.filter(({ isVoid }) => isVoid);
    this.#indexOf = new Map(this.accepted.map(({ position }, index) => [position, index]));
    this.#byKey = Map.groupBy(this.messages, ({ said }) => keyOf(said));
    let latestMs = 0;
    this.#storedMs = this.accepted.map(({ storedMs }) => (latestMs = Math.max(latestMs, storedMs)));
    for (const { said, position } of this.accepted) if (said.type !== 'message') this.#fold(said, position);
  }

  get messages(): readonly (Logged & { readonly said: Message })[] {
    return this.accepted.filter(isLoggedMessage);
  }

  get head(): number {
    return this.accepted.at(-1)?.position ?? 0;
  }

  at(position: number): Logged | undefined {
    return this.accepted[this.#indexOf.get(position) ?? -1];
  }

  /** Every accepted copy of the message. There should be one. */
  copiesOf(message: Message): readonly Logged[] {
    return this.#byKey.get(keyOf(message)) ?? [];
  }

  /** Of the accepted event before; 0 for the first. */
  prevOf(position: number): number {
    return this.accepted[(this.#indexOf.get(position) ?? 0) - 1]?.position ?? 0;
  }

  /** Accepted events with `after < position <= upTo`. */
  between(after: number, upTo: number): readonly Logged[] {
    const first = this.#countWhile(this.accepted, ({ position }) => position <= after);
    return this.accepted.slice(
      first,
      this.#countWhile(this.accepted, ({ position }) => position <= upTo),
    );
  }

  /** What was in the log between two times, given how far the clocks may be apart. */
  window(fromMs: number, toMs: number, skewMs: number): Window {
    const positionAt = (ms: number): number => {
      const count = this.#countWhile(this.#storedMs, (storedMs) => storedMs <= ms);
      return this.accepted[count - 1]?.position ?? 0;
    };
    return { fromPosition: positionAt(fromMs - skewMs), toPosition: positionAt(toMs + skewMs) };
  }

  get atTheEnd(): Window {
    return { fromPosition: this.head, toPosition: this.head };
  }

  /** Whose live frames may show the position. */
  wasMemberAt(user: string, position: number): boolean {
    return this.#intervalsOf(user).some(({ from, to = Infinity }) => from <= position && position <= to);
  }

  /** Was there a state in the window in which the user was a member? */
  mayBeMember(user: string, { fromPosition, toPosition }: Window): boolean {
    return this.#intervalsOf(user).some(({ from, to = Infinity }) => from <= toPosition && to > fromPosition);
  }

  isMemberThroughout(user: string, { fromPosition, toPosition }: Window): boolean {
    return this.#intervalsOf(user).some(({ from, to = Infinity }) => from <= fromPosition && to > toPosition);
  }

  /** Pages and resumes show it to present members, under a state no older than what they show: is there one that would? */
  mayRead(user: string, position: number, window: Window): boolean {
    const served = atOrAfter(position, window);
    if (this.wasMemberAt(user, position)) return this.mayBeMember(user, served);
    return this.#shared.some(({ from, to = Infinity }) => {
      const [fromPosition, toPosition] = [Math.max(from, served.fromPosition), Math.min(to - 1, served.toPosition)];
      return fromPosition <= toPosition && this.mayBeMember(user, { fromPosition, toPosition });
    });
  }

  /** Of members: do they read what is at the position, under every state of the window, or at whatever time later? */
  isMeantFor(user: string, position: number, window: Window = { fromPosition: 0, toPosition: this.head }): boolean {
    const { fromPosition, toPosition } = atOrAfter(position, window);
    if (this.wasMemberAt(user, position)) return true;
    return this.#shared.some(({ from, to = Infinity }) => from <= fromPosition && to > toPosition);
  }

  /** When the user became a member for the last time. */
  lastJoin(user: string): Logged | undefined {
    return this.at(this.#intervalsOf(user).at(-1)?.from ?? 0);
  }

  #intervalsOf(user: string): readonly Interval[] {
    return this.#intervals.get(user) ?? [];
  }

  #fold(said: ConversationChange, position: number): void {
    if (said.type === 'created' || said.type === 'settings') this.#foldHistory(said, position);
    if (!MOVES.has(said.type)) return;
    for (const user of said.users) {
      const intervals = this.#intervals.get(user) ?? [];
      this.#intervals.set(user, intervals);
      const last = intervals.at(-1);
      const isPresent = last !== undefined && last.to === undefined;
      if (said.type === 'created' || said.type === 'added') {
        if (!isPresent) intervals.push({ from: position });
      } else if (isPresent) last.to = position;
    }
  }

  #foldHistory({ history }: ConversationChange, position: number): void {
    const last = this.#shared.at(-1);
    const isShared = last !== undefined && last.to === undefined;
    if (history === 'since_join' && isShared) last.to = position;
    if (history !== 'since_join' && !isShared) this.#shared.push({ from: position });
  }

  /** How many of the first satisfy it, of a list in which none does after one that does not. */
  #countWhile<T>(list: readonly T[], satisfies: (item: T) => boolean): number {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = list[middle];
      if (item !== undefined && satisfies(item)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** People come or go. */
const MOVES: ReadonlySet<Said['type']> = new Set(['created', 'added', 'removed', 'left']);

function atOrAfter(position: number, window: Window): Window {
  const fromPosition = Math.max(position, window.fromPosition);
  return { fromPosition, toPosition: Math.max(fromPosition, window.toPosition) };
}

const isLoggedMessage = (event: Logged): event is Logged & { readonly said: Message } => event.said.type === 'message';

/** What a sender calls a message, in one conversation, for ever. */
export const keyOf = ({ sender, clientMsgId }: Pick<Message, 'sender' | 'clientMsgId'>): string =>
  `${sender} ${clientMsgId}`;

/** Do both say the same? On the wire a `created` does not name the members, and shows name and settings as they are now. */
export function saysTheSame(shown: Said, logged: Said): boolean {
  if (shown.type === 'message' || logged.type === 'message') {
    return shown.type === 'message' && logged.type === 'message' && areEqual(shown, logged);
  }
  if (shown.type !== logged.type || shown.by !== logged.by) return false;
  return shown.type === 'created' || (areOfTheSame(shown, logged) && areAlike(shown, logged));
}

function areOfTheSame(shown: ConversationChange, logged: ConversationChange): boolean {
  const logs = new Set(logged.users);
  return shown.users.length === logs.size && shown.users.every((user) => logs.has(user));
}

const areAlike = (a: ConversationChange, b: ConversationChange): boolean =>
  a.role === b.role && a.name === b.name && a.history === b.history;

const areEqual = (a: Message, b: Message): boolean => keyOf(a) === keyOf(b) && a.body === b.body;

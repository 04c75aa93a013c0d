// Turns lines of a log into what users of a chat do: come, say, answer, go. Pure. Who speaks without having come comes first;
// what a chat has no word for is left out and counted.
import type { IrcLine, SaidLine, SystemLine } from './irc-log.ts';

export type Step = Enter | Leave | Say;

interface At {
  readonly nick: string;
  /** Since the room's first line, in minutes; lines of one minute are spread over it. */
  readonly minute: number;
}
interface Enter extends At {
  readonly type: 'enter';
}
interface Leave extends At {
  readonly type: 'leave';
}
export interface Say extends At {
  readonly type: 'say';
  readonly n: number;
  readonly text: string;
  /** The `n` of an earlier `say` of this room. */
  readonly replyTo?: number;
}

export interface RoomScript {
  readonly room: string;
  readonly steps: readonly Step[];
  readonly leftOut: LeftOut;
}

/** Lines that did not become steps. */
export interface LeftOut {
  /** There are no display names to change: the new name comes in as another user. */
  readonly renames: number;
  /** Topics, operators, and what else a server says. */
  readonly otherSystemLines: number;
  readonly emptyMessages: number;
  /** Lines of those for whom the room was full. */
  readonly turnedAway: number;
}

export interface Choice {
  readonly rooms: number;
  readonly messages: number;
}

/** The busiest rooms, each with its first lines, so that all of them together say `messages`. */
export function chooseRooms(lines: readonly IrcLine[], { rooms, messages }: Choice): ReadonlyMap<string, IrcLine[]> {
  const byRoom = [...Map.groupBy(lines, ({ room }) => room)].map(([room, theirs]) => ({
    room,
    theirs,
    said: said(theirs),
  }));
  const busiest = byRoom.toSorted((a, b) => b.said - a.said).slice(0, rooms);
  const chosen = new Map<string, IrcLine[]>();
  let left = messages;
  for (const [index, { room, theirs, said }] of busiest.toReversed().entries()) {
    const share = Math.min(said, Math.ceil(left / (busiest.length - index)));
    left -= share;
    chosen.set(room, firstSaying(theirs, share));
  }
  return chosen;
}

const isSaid = (line: IrcLine): line is SaidLine => 'user' in line;
const said = (lines: readonly IrcLine[]): number => lines.filter((line) => isSaid(line) && line.text !== '').length;

function firstSaying(lines: readonly IrcLine[], messages: number): IrcLine[] {
  let count = 0;
  const end = lines.findIndex((line) => isSaid(line) && line.text !== '' && ++count > messages);
  return end < 0 ? [...lines] : lines.slice(0, end);
}

/** `membersMax` present at a time; for others the room is full. */
export function toScript(room: string, lines: readonly IrcLine[], membersMax: number): RoomScript {
  const writer = new ScriptWriter(membersMax);
  for (const { line, minute } of spread(lines)) {
    if (isSaid(line)) writer.say(line, minute);
    else writer.system(line, minute);
  }
  return { room, steps: writer.steps, leftOut: writer.leftOut };
}

/** The k-th of m lines in a minute happened k/m minutes after its begin. */
function* spread(lines: readonly IrcLine[]): Generator<{ line: IrcLine; minute: number }> {
  const first = lines[0]?.minute ?? 0;
  for (const [minute, together] of Map.groupBy(lines, (line) => line.minute)) {
    for (const [index, line] of together.entries()) yield { line, minute: minute - first + index / together.length };
  }
}

class ScriptWriter {
  readonly steps: Step[] = [];
  readonly leftOut = { renames: 0, otherSystemLines: 0, emptyMessages: 0, turnedAway: 0 };
  readonly #membersMax: number;
  readonly #present = new Set<string>();
  readonly #said = new Set<number>();

  constructor(membersMax: number) {
    this.#membersMax = membersMax;
  }

  say({ user: nick, n, text, replyTo }: SaidLine, minute: number): void {
    if (text === '') this.leftOut.emptyMessages++;
    else if (!this.#enters(nick, minute)) this.leftOut.turnedAway++;
    else {
      const isReply = replyTo !== undefined && this.#said.has(replyTo);
      this.steps.push({ type: 'say', nick, minute, n, text, ...(isReply ? { replyTo } : {}) });
      this.#said.add(n);
    }
  }

  system({ system }: SystemLine, minute: number): void {
    const { nick, happening } = parseSystem(system);
    if (happening === 'enter') this.leftOut.turnedAway += this.#enters(nick, minute) ? 0 : 1;
    else if (happening === 'leave') this.#leaves(nick, minute);
    else this.leftOut[happening]++;
  }

  /** False when there is no room for one more. */
  #enters(nick: string, minute: number): boolean {
    if (this.#present.has(nick)) return true;
    if (this.#present.size >= this.#membersMax) return false;
    this.#present.add(nick);
    this.steps.push({ type: 'enter', nick, minute });
    return true;
  }

  /** Who was there before the log began, and never spoke, leaves unnoticed. */
  #leaves(nick: string, minute: number): void {
    if (this.#present.delete(nick)) this.steps.push({ type: 'leave', nick, minute });
  }
}

type Happening = 'enter' | 'leave' | 'renames' | 'otherSystemLines';

function parseSystem(system: string): { readonly nick: string; readonly happening: Happening } {
  const [nick = ''] = system.trim().split(' ', 1);
  const rest = system.trim().slice(nick.length).trimStart();
  if (/^(entered the room|(\S+\s+)?has joined\b)/.test(rest)) return { nick, happening: 'enter' };
  if (/^(left the room|(\S+\s+)?has (left|quit)\b)/.test(rest)) return { nick, happening: 'leave' };
  return { nick, happening: rest.startsWith('is now known as ') ? 'renames' : 'otherSystemLines' };
}

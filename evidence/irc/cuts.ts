// When whose connection is cut, decided before anything happens, so that a seed repeats it. Pure. Moments are counted in
// messages: they are the same at every speed.
import type { RoomScript } from './script.ts';

export interface Cut {
  /** When so many messages of all rooms are acked. */
  readonly atMessage: number;
  readonly nick: string;
  /** Its next connections fail for so long. */
  readonly awayMs: number;
}

const cutsEachMax = 3;
const awayMsMax = 1_500;

/** Half of everybody, one to three times each, at any time after they came. In the order of their moments. */
export function planCuts(scripts: readonly RoomScript[], random: () => number): readonly Cut[] {
  const total = messagesOf(scripts);
  const comings = shuffled([...firstComings(scripts)], random);
  const cuts = comings.slice(0, Math.ceil(comings.length / 2)).flatMap(([nick, came]) =>
    Array.from({ length: 1 + Math.floor(random() * cutsEachMax) }, () => ({
      nick,
      atMessage: Math.floor((came + random() * (1 - came)) * total),
      awayMs: Math.floor(random() * awayMsMax),
    })),
  );
  return cuts.toSorted((a, b) => a.atMessage - b.atMessage);
}

/** Of every nick, the part of a room's script, from 0 to 1, that is over when it first comes. */
function firstComings(scripts: readonly RoomScript[]): ReadonlyMap<string, number> {
  const comings = new Map<string, number>();
  for (const { steps } of scripts) {
    for (const [index, { nick }] of steps.entries()) {
      comings.set(nick, Math.min(comings.get(nick) ?? 1, index / steps.length));
    }
  }
  return comings;
}

export const messagesOf = (scripts: readonly RoomScript[]): number =>
  scripts.reduce((sum, { steps }) => sum + steps.filter(({ type }) => type === 'say').length, 0);

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value);
}

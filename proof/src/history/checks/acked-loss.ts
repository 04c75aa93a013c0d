// No acked loss: what was acked is in the log, in the stored rows, and in the pages and fresh syncs of every present member who
// may read it. Which end is missing says what broke: a lost suffix is a crash that took what was not yet on disk, a lost prefix
// a truncation or a reader that began too late, a lost middle anything else. Cannot see: a place that was not read after healing.
import type { ConversationLog } from '../conversation-log.ts';
import { some, type Facts, type Offence } from '../facts.ts';
import type { Acked, Shown } from '../history.ts';
import { pushTo } from '../readings.ts';

interface Place {
  readonly name: string;
  /** Of messages. */
  readonly positions: ReadonlySet<number>;
  readonly mustHold: (position: number) => boolean;
}

export function checkAckedLoss(facts: Facts): readonly Offence[] {
  const acks = new Map<string, Acked[]>();
  for (const send of facts.sends.values()) for (const ack of send.acks) pushTo(acks, send.conversation, ack);
  const places = placesOf(facts);
  return [...acks].flatMap(([conversation, theirs]) =>
    [logOf(facts.logOf(conversation)), ...(places.get(conversation) ?? [])].flatMap((place) =>
      lostFrom(place, conversation, theirs),
    ),
  );
}

const logOf = (log: ConversationLog): Place => ({
  name: 'the log',
  positions: new Set(log.messages.map(({ position }) => position)),
  mustHold: () => true,
});

function placesOf(facts: Facts): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  if (facts.rows.size > 0)
    for (const conversation of facts.logs.keys()) pushTo(places, conversation, rows(facts, conversation));
  for (const { path, name, conversation, user, shown } of facts.readings) {
    if ((path !== 'page walk' && path !== 'fresh sync') || user === undefined) continue;
    const log = facts.logOf(conversation);
    const mustHold = (position: number): boolean => log.mayRead(user, position, log.atTheEnd);
    pushTo(places, conversation, { name, positions: positionsOf(shown), mustHold });
  }
  return places;
}

function rows(facts: Facts, conversation: string): Place {
  const stored = facts.rows.get(conversation) ?? [];
  const messages = stored.filter(({ position }) => facts.logOf(conversation).at(position)?.said.type === 'message');
  const positions = new Set(messages.map(({ position }) => position));
  return { name: 'the rows', positions, mustHold: (position) => facts.logOf(conversation).at(position) !== undefined };
}

const positionsOf = (shown: readonly Shown[]): ReadonlySet<number> =>
  new Set(shown.filter(({ said }) => said.type === 'message').map(({ position }) => position));

function lostFrom({ name, positions, mustHold }: Place, conversation: string, acks: readonly Acked[]): Offence[] {
  const lost = acks.filter(({ position }) => !positions.has(position) && mustHold(position));
  if (lost.length === 0) return [];
  const [first, last] = extremes(positions);
  const where = ({ position }: Acked): string => {
    if (positions.size === 0) return 'everything';
    if (position < first) return 'a prefix';
    return position > last ? 'a suffix' : 'a middle';
  };
  return [...Map.groupBy(lost, where)].map(([part, entries]) => {
    const missing = [...new Set(entries.map(({ position }) => position))].toSorted((a, b) => a - b);
    return {
      kind: 'acked loss',
      sentence: `acked and lost, ${part}: ${name} of ${conversation} lacks ${some(missing)}`,
      entries,
    };
  });
}

function extremes(positions: ReadonlySet<number>): readonly [number, number] {
  let [first, last] = [Infinity, -Infinity];
  for (const position of positions) {
    first = Math.min(first, position);
    last = Math.max(last, position);
  }
  return [first, last];
}

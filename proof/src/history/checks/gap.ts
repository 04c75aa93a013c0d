// No gap: what a client has after applying the frames by the wire's rule has no hole up to its cursor, a fresh sync none at all,
// a page none between its ends; and no `prev_id` names an older event than the one before, which would hide a gap.
// Cannot see: what a client that had to give up a range (`too_many`, `too_old`) or the conversation (`not_a_member`) has not.
// That a view reaches the head in time is `late`; that a page reaches what was acked is `read your writes`.
import { isDefined, some, type Facts, type Offence } from '../facts.ts';
import type { HistoryEntry, Logged } from '../history.ts';
import { rangeOf, type Reading } from '../readings.ts';
import { isSkipped, type View } from '../views.ts';

export function checkGaps(facts: Facts): readonly Offence[] {
  return [
    ...facts.views.map((view) => holesOfView(facts, view)),
    ...facts.readings.flatMap((reading) => [
      holesOfReading(facts, reading),
      holesOfPage(facts, reading),
      ...hiddenGaps(facts, reading),
    ]),
  ].filter(isDefined);
}

function holesOfView(facts: Facts, view: View): Offence | undefined {
  const { user, client, conversation, cursor, applied } = view;
  if (cursor === undefined) return undefined;
  const log = facts.logOf(conversation);
  const holes = log
    .between(0, cursor)
    .filter(({ position }) => !applied.has(position) && log.isMeantFor(user, position) && !isSkipped(view, position));
  return offence(`${client} has ${conversation} up to ${cursor} but lacks`, holes);
}

function holesOfReading(facts: Facts, { path, name, conversation, user, shown, proof }: Reading): Offence | undefined {
  if (user === undefined || (path !== 'fresh sync' && path !== 'page walk')) return undefined;
  const log = facts.logOf(conversation);
  const positions = new Set(shown.map(({ position }) => position));
  const holes = log.accepted.filter(
    ({ position, said }) =>
      !positions.has(position) &&
      log.mayRead(user, position, log.atTheEnd) &&
      (path === 'fresh sync' || said.type === 'message'),
  );
  return offence(`${name} in ${conversation} lacks`, holes, proof(0));
}

function holesOfPage(facts: Facts, reading: Reading): Offence | undefined {
  const { name, conversation, shown, page } = reading;
  if (!page || page.read.stale) return undefined;
  const log = facts.logOf(conversation);
  const newest = shown.reduce((max, { position }) => Math.max(max, position), 0);
  const { after, upTo } = rangeOf(page);
  const positions = new Set(shown.map(({ position }) => position));
  const holes = log
    .between(after, Math.min(upTo, newest))
    .filter(({ position, said }) => said.type === 'message' && !positions.has(position))
    .filter(({ position }) => log.isMeantFor(page.asked.user, position, facts.windowOf(reading)));
  return offence(`${name} in ${conversation}, from ${after} to ${newest}, lacks`, holes, page.read);
}

function hiddenGaps(facts: Facts, { path, name, conversation, shown, proof }: Reading): readonly Offence[] {
  if (path === 'rows') return [];
  const log = facts.logOf(conversation);
  return shown.flatMap(({ position, prev }, index): Offence[] => {
    const before = log.prevOf(position);
    if (prev === undefined || !log.at(position) || (before <= prev && prev < position)) return [];
    const sentence = `${name} in ${conversation} shows ${position} with prev_id ${prev}, before it is ${before}`;
    return [{ kind: 'gap', sentence, entries: [proof(index)] }];
  });
}

function offence(beginning: string, holes: readonly Logged[], proof?: HistoryEntry): Offence | undefined {
  if (holes.length === 0) return undefined;
  const sentence = `${beginning} ${some(holes.map(({ position }) => position))}`;
  return { kind: 'gap', sentence, entries: proof ? [proof, ...holes] : holes };
}

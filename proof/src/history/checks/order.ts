// One order on every path: live frames, resumes, pages, fresh syncs and rows show each message at the position at which the log
// has it, and every list is sorted by position (a resume's messages and membership events each by themselves, as `history` has
// them). Live frames may come in any order: what their `prev_id` does to it is `gap`.
import { isDefined, type Facts, type Offence } from '../facts.ts';
import type { Logged, Shown } from '../history.ts';
import type { Reading } from '../readings.ts';

export function checkOrder(facts: Facts): readonly Offence[] {
  return [
    ...[...facts.logs.values()].flatMap(({ listed }) => unsortedLog(listed)),
    ...facts.readings.flatMap((reading) => [...displaced(facts, reading), ...unsorted(reading)]),
  ];
}

const unsortedLog = (listed: readonly Logged[]): readonly Offence[] =>
  listed.flatMap((event, index) => {
    const before = listed[index - 1];
    if (!before || before.position < event.position) return [];
    const sentence = `the log of ${event.conversation} lists ${event.position} after ${before.position}`;
    return [{ kind: 'order', sentence, entries: [before, event] }];
  });

function displaced(facts: Facts, { name, conversation, shown, proof }: Reading): readonly Offence[] {
  return shown
    .map(({ said, position }, index): Offence | undefined => {
      if (said.type !== 'message') return undefined;
      const copies = facts.logOf(conversation).copiesOf(said);
      const [logged] = copies;
      if (!logged || copies.some((copy) => copy.position === position)) return undefined;
      const sentence = `${name} in ${conversation} shows ${said.clientMsgId} at ${position}, the log has it at ${logged.position}`;
      return { kind: 'order', sentence, entries: [proof(index), logged] };
    })
    .filter(isDefined);
}

function unsorted(reading: Reading): readonly Offence[] {
  if (reading.path === 'live') return [];
  const sign = isNewestFirst(reading) ? -1 : 1;
  return [
    ...unsortedAmong(reading, sign, ({ said }) => said.type === 'message'),
    ...unsortedAmong(reading, sign, ({ said }) => said.type !== 'message'),
  ];
}

function unsortedAmong(reading: Reading, sign: number, isOne: (shown: Shown) => boolean): readonly Offence[] {
  const offences: Offence[] = [];
  let beforeIndex: number | undefined;
  for (const [index, shown] of reading.shown.entries()) {
    if (!isOne(shown)) continue;
    const before = beforeIndex === undefined ? undefined : reading.shown[beforeIndex];
    if (before && beforeIndex !== undefined && sign * before.position >= sign * shown.position) {
      const sentence = `${reading.name} in ${reading.conversation} shows ${shown.position} after ${before.position}`;
      offences.push({ kind: 'order', sentence, entries: [reading.proof(beforeIndex), reading.proof(index)] });
    }
    beforeIndex = index;
  }
  return offences;
}

/** Newest first for `before`, and when nothing is said. */
const isNewestFirst = ({ page }: Reading): boolean =>
  page !== undefined && page.asked.after === undefined && page.asked.around === undefined;

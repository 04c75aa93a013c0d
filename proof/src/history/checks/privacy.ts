// Privacy at every position. Live frames go to who was a member at their position, both ends included. Pages, resumes and their
// heads go to who may have been a member while they were asked for and under a state no older than what they show; while history
// is `since_join` they show only positions at which the reader was one. And nothing is accepted from who was not a member.
// Who was one when is folded from the log; a reading's moment is known within the clocks' difference, and doubt acquits.
import { isDefined, type Facts, type Offence } from '../facts.ts';
import type { HistoryEntry } from '../history.ts';
import { clientOf, type Reading } from '../readings.ts';

export function checkPrivacy(facts: Facts): readonly Offence[] {
  return [
    ...strangersMessages(facts),
    ...facts.readings.flatMap((reading) => leaks(facts, reading)),
    ...headsTold(facts),
  ];
}

const strangersMessages = (facts: Facts): readonly Offence[] =>
  [...facts.logs.values()].flatMap((log) =>
    log.messages
      .filter(({ said, position }) => !log.wasMemberAt(said.sender, position))
      .map((event) => {
        const { conversation, position, said } = event;
        return offence(`${conversation} accepted ${position} from ${said.sender}, who was not a member there`, [event]);
      }),
  );

function leaks(facts: Facts, reading: Reading): readonly Offence[] {
  const { path, name, user, conversation, shown, proof } = reading;
  if (user === undefined) return [];
  const log = facts.logOf(conversation);
  const window = facts.windowOf(reading);
  return shown
    .map(({ position }, index) => {
      const isAllowed = path === 'live' ? log.wasMemberAt(user, position) : log.mayRead(user, position, window);
      if (isAllowed) return undefined;
      return offence(`${name} in ${conversation} shows ${position}, which is not for ${user}`, [proof(index)]);
    })
    .filter(isDefined);
}

function headsTold(facts: Facts): readonly Offence[] {
  const asked = new Map<string, number>();
  return facts.history.flatMap((entry) => {
    if (entry.kind === 'resume-asked') asked.set(`${clientOf(entry)} ${entry.ref}`, entry.atMs);
    if (entry.kind !== 'resumed') return [];
    const askedMs = asked.get(`${clientOf(entry)} ${entry.ref}`) ?? entry.atMs;
    return Object.keys(entry.heads).flatMap((conversation) => {
      const log = facts.logOf(conversation);
      if (log.mayBeMember(entry.user, log.window(askedMs, entry.atMs, facts.options.clockSkewMsMax))) return [];
      return [
        offence(`${clientOf(entry)} was told the head of ${conversation}, where ${entry.user} is no member`, [entry]),
      ];
    });
  });
}

const offence = (sentence: string, entries: readonly HistoryEntry[]): Offence => ({
  kind: 'privacy',
  sentence,
  entries,
});

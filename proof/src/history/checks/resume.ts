// A resume is exact or refused: it brings each event between the cursor that was asked and the head that was named, as far as it is
// meant for this user, and nothing else; the head is an event of the log, at or after the cursor, and never before one that an
// earlier resume had named. `not_a_member` is said only to who may not have been one meanwhile. Cannot see: whether `too_old` and
// `too_many` were true; a resume that was cut off promises nothing (that its client catches up in time is `late`).
import { isDefined, some, type Facts, type Offence } from '../facts.ts';
import type { History, HistoryEntry, Received, ResumeAsked, Resumed, ResumeFailed } from '../history.ts';
import { clientOf, pushTo } from '../readings.ts';

interface Resume {
  readonly asked: ResumeAsked;
  /** The highest head of each conversation that any resume had named before this one was asked. */
  readonly floors: Readonly<Record<string, number>>;
  readonly received: Map<string, Received[]>;
  readonly failures: ResumeFailed[];
  ended?: Resumed;
}

export function checkResumes(facts: Facts): readonly Offence[] {
  return resumesOf(facts.history)
    .flatMap((resume) => [
      ...Object.keys(resume.asked.cursors).flatMap((id) => inexact(facts, resume, id)),
      ...resume.failures.map((failure) => wronglyOutside(facts, resume, failure)),
    ])
    .filter(isDefined);
}

function resumesOf(history: History): readonly Resume[] {
  const resumes = new Map<string, Resume>();
  const told = new Map<string, number>();
  for (const entry of history) {
    if (!isAboutResume(entry)) continue;
    const key = `${clientOf(entry)} ${entry.ref}`;
    if (entry.kind === 'resume-asked') {
      const floors = Object.fromEntries(Object.keys(entry.cursors).map((id) => [id, told.get(id) ?? 0]));
      resumes.set(key, { asked: entry, floors, received: new Map(), failures: [] });
    }
    const resume = resumes.get(key);
    if (entry.kind === 'received') pushTo(resume?.received ?? new Map<string, Received[]>(), entry.conversation, entry);
    if (entry.kind === 'resume-failed') resume?.failures.push(entry);
    if (entry.kind !== 'resumed') continue;
    if (resume) resume.ended = entry;
    for (const [id, head] of Object.entries(entry.heads)) told.set(id, Math.max(told.get(id) ?? 0, head));
  }
  return [...resumes.values()];
}

type AboutResume = ResumeAsked | Received | Resumed | ResumeFailed;
const kinds: ReadonlySet<HistoryEntry['kind']> = new Set(['resume-asked', 'received', 'resumed', 'resume-failed']);
const isAboutResume = (entry: HistoryEntry): entry is AboutResume =>
  kinds.has(entry.kind) && (entry.kind !== 'received' || entry.via === 'resume');

function inexact(facts: Facts, resume: Resume, conversation: string): readonly Offence[] {
  const { asked, ended, floors, failures } = resume;
  if (!ended || failures.some((failure) => failure.conversation === conversation)) return [];
  const head = ended.heads[conversation];
  const [cursor = 0, floor = 0] = [asked.cursors[conversation], floors[conversation]];
  const log = facts.logOf(conversation);
  const offence = (what: string, entries: readonly HistoryEntry[] = []): Offence => ({
    kind: 'resume',
    sentence: `a resume of ${conversation} by ${clientOf(asked)} from ${cursor} to ${head} ${what}`,
    entries: [asked, ended, ...entries],
  });
  if (head === undefined) return [offence('neither named a head nor failed')];
  const received = resume.received.get(conversation) ?? [];
  const positions = new Set(received.map(({ position }) => position));
  const window = log.window(asked.atMs, ended.atMs, facts.options.clockSkewMsMax);
  const due = log.between(cursor, head).filter(({ position }) => log.isMeantFor(asked.user, position, window));
  const missing = due.filter(({ position }) => !positions.has(position));
  const unasked = received.filter(({ position }) => position <= cursor || position > head);
  return [
    ...(head < cursor || head < floor ? [offence(`went back: ${Math.max(cursor, floor)} was known before`)] : []),
    ...(head > 0 && !log.at(head) ? [offence('named a head at which the log has nothing')] : []),
    ...(missing.length > 0 ? [offence(`left out ${some(missing.map(({ position }) => position))}`, missing)] : []),
    ...(unasked.length > 0 ? [offence(`brought ${some(unasked.map(({ position }) => position))}`, unasked)] : []),
  ];
}

function wronglyOutside(facts: Facts, { asked }: Resume, failure: ResumeFailed): Offence | undefined {
  if (failure.reason !== 'not_a_member') return undefined;
  const log = facts.logOf(failure.conversation);
  const window = log.window(asked.atMs, failure.atMs, facts.options.clockSkewMsMax);
  if (!log.isMemberThroughout(asked.user, window)) return undefined;
  const sentence = `${asked.user}, a member of ${failure.conversation} all the time, was told not_a_member`;
  return { kind: 'resume', sentence, entries: [asked, failure] };
}

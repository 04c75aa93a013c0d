// A history and its judgement for people: what happened, what each check looked at, what it found.
import type { History, HistoryEntry, Offence, OffenceKind } from '@parley/proof';

type Kind = HistoryEntry['kind'];
type Of<K extends Kind> = Extract<HistoryEntry, { kind: K }>;

const offencesShownMax = 5;
const entriesShownMax = 8;
const entryLengthMax = 240;

export function summary(history: History, offences: readonly Offence[]): string {
  return [
    ...section('What happened', countLines(history)),
    ...section('Faults', faultLines(history)),
    ...section('Checks', checkLines(history, offences)),
    ...section('Offences', offenceLines(offences, history[0]?.atMs ?? 0)),
    visibleLine(history),
    offences.length === 0 ? 'Every promise was kept.' : `${offences.length} offences.`,
  ].join('\n');
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];

const of = <K extends Kind>(history: History, kind: K): readonly Of<K>[] =>
  history.filter((entry): entry is Of<K> => entry.kind === kind);

function countLines(history: History): readonly string[] {
  const counts = Map.groupBy(history, ({ kind }) => kind);
  return [...counts].map(([kind, entries]) => `${String(entries.length).padStart(7)}  ${kind}`);
}

function faultLines(history: History): readonly string[] {
  const begun = Map.groupBy(of(history, 'fault-begun'), ({ name }) => name);
  const healed = Map.groupBy(of(history, 'fault-healed'), ({ name }) => name);
  return [...begun].map(([name, times]) => {
    const lasted = times.map(({ atMs }, nth) => ((healed.get(name)?.[nth]?.atMs ?? Number.NaN) - atMs) / 1_000);
    return `${name.padEnd(52)} ${lasted.map((seconds) => `${seconds.toFixed(1)} s`).join(', ')}`;
  });
}

/** What proves each promise, with its number in this history. */
function checkLines(history: History, offences: readonly Offence[]): readonly string[] {
  const many = (...kinds: readonly Kind[]): string =>
    kinds.map((kind) => `${of(history, kind).length} ${kind}`).join(', ');
  const looked: Readonly<Record<OffenceKind, string>> = {
    'acked loss': many('acked', 'logged'),
    'invented or altered': many('received', 'fresh-sync', 'page-read', 'page-walk', 'row'),
    idempotency: many('sent', 'acked', 'logged'),
    order: many('received', 'fresh-sync', 'page-read', 'page-walk', 'row'),
    gap: many('received', 'resumed', 'fresh-sync'),
    resume: many('resume-asked', 'resumed', 'resume-failed'),
    'session order': many('sent', 'logged'),
    'real-time order': many('acked', 'sent'),
    'read your writes': many('acked', 'page-asked', 'page-read', 'resumed'),
    privacy: many('members-answered', 'received', 'refused', 'page-read', 'fresh-sync'),
    changes: many('members-asked', 'members-answered', 'logged'),
    rows: many('row', 'logged'),
    unanswered: many('sent', 'acked', 'refused', 'given-up'),
    late: many('fault-healed', 'logged', 'received'),
  };
  const found = Map.groupBy(offences, ({ kind }) => kind);
  return (Object.keys(looked) as OffenceKind[]).map((kind) => {
    const count = found.get(kind)?.length ?? 0;
    return `${count === 0 ? 'kept  ' : 'BROKEN'} ${kind.padEnd(20)} ${looked[kind]}`;
  });
}

function offenceLines(offences: readonly Offence[], startMs: number): readonly string[] {
  return [...Map.groupBy(offences, ({ kind }) => kind)].flatMap(([kind, all]) => [
    `${kind}: ${all.length}`,
    ...all
      .slice(0, offencesShownMax)
      .flatMap(({ sentence, entries }) => [
        `  ${sentence}`,
        ...entries.slice(0, entriesShownMax).map((entry) => `    ${entryLine(entry, startMs)}`),
      ]),
  ]);
}

function entryLine({ atMs, kind, ...rest }: HistoryEntry, startMs: number): string {
  const seconds = ((atMs - startMs) / 1_000).toFixed(3).padStart(8);
  return `${seconds} s  ${kind}  ${JSON.stringify(rest)}`.slice(0, entryLengthMax);
}

/** Of what was stored before the last healing: when the last of those who were shown it live or by a resume had it. */
export function visibleAfterMs(history: History): number | undefined {
  const healedMs = of(history, 'fault-healed').at(-1)?.atMs;
  if (healedMs === undefined) return undefined;
  const before = new Set(
    of(history, 'logged').flatMap(({ conversation, position, storedMs }) =>
      storedMs <= healedMs ? `${conversation} ${position}` : [],
    ),
  );
  const seen = new Set<string>();
  let lastMs = 0;
  for (const { conversation, position, user, device, atMs } of of(history, 'received')) {
    const what = `${conversation} ${position}`;
    if (!before.has(what) || seen.has(`${what} ${user} ${device}`)) continue;
    seen.add(`${what} ${user} ${device}`);
    lastMs = Math.max(lastMs, atMs - healedMs);
  }
  return lastMs;
}

function visibleLine(history: History): string {
  const afterMs = visibleAfterMs(history);
  return afterMs === undefined
    ? 'There was no fault.'
    : `From the last healing until everything said before it was seen by all: ${(afterMs / 1_000).toFixed(1)} s.`;
}

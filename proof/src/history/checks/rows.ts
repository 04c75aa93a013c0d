// Rows are the fold of the log: one for each accepted event, with the position of the one before, the ordinal of its message (of
// another event: of the last message before it) and what it says. Judges what was read of them; cannot see head rows, indexes,
// checkpoints, nor whether replicas agree.
import { saysTheSame } from '../conversation-log.ts';
import { isDefined, type Facts, type Offence } from '../facts.ts';
import type { HistoryEntry, Logged, Row } from '../history.ts';

export function checkRows(facts: Facts): readonly Offence[] {
  if (facts.rows.size === 0) return [];
  const conversations = new Set([...facts.logs.keys(), ...facts.rows.keys()]);
  return [...conversations].flatMap((conversation) => checkConversation(facts, conversation));
}

function checkConversation(facts: Facts, conversation: string): readonly Offence[] {
  const log = facts.logOf(conversation);
  const byPosition = Map.groupBy(facts.rows.get(conversation) ?? [], ({ position }) => position);
  let ordinal = 0;
  const found = log.accepted.map((event) => {
    if (event.said.type === 'message') ordinal++;
    const rows = byPosition.get(event.position) ?? [];
    const due = { event, prev: log.prevOf(event.position), ordinal };
    return rows.length === 0 ? [offence(`lack ${event.position}`, [event])] : rows.map((row) => difference(row, due));
  });
  const strange = [...byPosition.values()].flat().filter(({ position }) => !log.at(position));
  const repeated = [...byPosition.values()].flatMap((rows) => rows.slice(1));
  return [
    ...found.flat(),
    ...strange.map((row) => offence(`have ${row.position}, which the log has not`, [row])),
    ...repeated.map((row) => offence(`have ${row.position} more than once`, [row])),
  ].filter(isDefined);
}

interface Due {
  readonly event: Logged;
  readonly prev: number;
  readonly ordinal: number;
}

function difference(row: Row, { event, prev, ordinal }: Due): Offence | undefined {
  const wrong = [
    row.prev === undefined || row.prev === prev ? '' : `prev ${row.prev} for ${prev}`,
    row.ordinal === undefined || row.ordinal === ordinal ? '' : `ordinal ${row.ordinal} for ${ordinal}`,
    row.said === undefined || saysTheSame(row.said, event.said) ? '' : 'something else than the log says',
  ].filter((what) => what !== '');
  return wrong.length === 0 ? undefined : offence(`have at ${row.position} ${wrong.join(', ')}`, [row, event]);
}

const offence = (what: string, entries: readonly [Row | Logged, ...HistoryEntry[]]): Offence => ({
  kind: 'rows',
  sentence: `the rows of ${entries[0].conversation} ${what}`,
  entries,
});

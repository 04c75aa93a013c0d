// What was surely in the log when something began: the highest position of a conversation that had been acked before.
import { keyOf } from './conversation-log.ts';
import type { Acked, History, HistoryEntry, PageAsked, ResumeAsked, Sent } from './history.ts';

type Began = Sent | PageAsked | ResumeAsked;

/** Goes once through the history. `scopeOf` tells whose acks count: everybody's together, or each sender's own. */
export function floorsOf<Found>(
  history: History,
  scopeOf: (conversation: string, user: string) => string,
  see: (began: Began, floorOf: (conversation: string) => Acked | undefined) => readonly Found[],
): readonly Found[] {
  const floors = new Map<string, Acked>();
  const begun = new Set<string>();
  return history.flatMap((entry) => {
    if (entry.kind === 'acked') raise(floors, scopeOf(entry.conversation, entry.user), entry);
    if (!isBeginning(entry, begun)) return [];
    return see(entry, (conversation) => floors.get(scopeOf(conversation, entry.user)));
  });
}

function raise(floors: Map<string, Acked>, scope: string, ack: Acked): void {
  const before = floors.get(scope);
  if (!before || before.position < ack.position) floors.set(scope, ack);
}

/** Only the first attempt of a message is one: a later one may find it stored. */
function isBeginning(entry: HistoryEntry, begun: Set<string>): entry is Began {
  if (entry.kind !== 'sent') return entry.kind === 'page-asked' || entry.kind === 'resume-asked';
  const key = `${entry.conversation} ${keyOf({ ...entry, sender: entry.user })}`;
  const isFirst = !begun.has(key);
  begun.add(key);
  return isFirst;
}

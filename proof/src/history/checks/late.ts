// Everything is visible soon after healing: each event of the log reaches every connected client of each present member within
// the limit after the last of: the last healing, its storing, the user's joining, the client's connecting. Judges who stayed
// connected for that long; cannot see a history in which a fault never healed, or one that ended before the limit.
import { some, type Facts, type Offence } from '../facts.ts';
import type { Connected, History, HistoryEntry, Logged } from '../history.ts';
import { clientOf } from '../readings.ts';
import { isSkipped, type View } from '../views.ts';

/** A client's last connection. */
interface Presence {
  readonly connected: Connected;
  readonly untilMs: number;
}

export function checkLate(facts: Facts): readonly Offence[] {
  const healedMs = lastHealingMs(facts.history);
  if (healedMs === undefined) return [];
  const views = new Map(facts.views.map((view) => [`${view.client} ${view.conversation}`, view]));
  const presences = lastPresences(facts.history);
  return [...facts.logs.keys()].flatMap((conversation) =>
    [...presences].flatMap(([client, presence]) => {
      const view = views.get(`${client} ${conversation}`) ?? empty(client, conversation, presence);
      return lateFor(facts, { view, presence, healedMs });
    }),
  );
}

const empty = (client: string, conversation: string, { connected: { user } }: Presence): View => ({
  user,
  client,
  conversation,
  cursor: 0,
  applied: new Map(),
  skipped: [],
});

function lateFor(
  facts: Facts,
  { view, presence, healedMs }: { view: View; presence: Presence; healedMs: number },
): readonly Offence[] {
  const { user, client, conversation, applied } = view;
  const log = facts.logOf(conversation);
  if (!log.mayBeMember(user, log.atTheEnd)) return [];
  const sinceMs = Math.max(healedMs, presence.connected.atMs, log.lastJoin(user)?.storedMs ?? 0);
  const late = log.accepted.filter((event) => {
    const dueMs = Math.max(sinceMs, event.storedMs) + facts.options.visibleWithinMs;
    const isJudged =
      dueMs <= presence.untilMs && log.isMeantFor(user, event.position) && !isSkipped(view, event.position);
    return isJudged && (applied.get(event.position)?.atMs ?? Infinity) > dueMs;
  });
  if (late.length === 0) return [];
  const entries: (HistoryEntry & Pick<Logged, 'position'>)[] = late;
  const positions = some(entries.map(({ position }) => position));
  return [{ kind: 'late', sentence: `${client} did not see ${positions} of ${conversation} in time`, entries }];
}

/** When the last fault was over; -Infinity without any; undefined while one is still there. */
function lastHealingMs(history: History): number | undefined {
  const standing = new Set<string>();
  let healedMs = -Infinity;
  for (const entry of history) {
    if (entry.kind === 'fault-begun') standing.add(entry.name);
    if (entry.kind !== 'fault-healed') continue;
    standing.delete(entry.name);
    healedMs = entry.atMs;
  }
  return standing.size === 0 ? healedMs : undefined;
}

function lastPresences(history: History): ReadonlyMap<string, Presence> {
  const endMs = history.at(-1)?.atMs ?? 0;
  const presences = new Map<string, Presence>();
  for (const entry of history) {
    if (entry.kind === 'connected') presences.set(clientOf(entry), { connected: entry, untilMs: endMs });
    if (entry.kind !== 'disconnected') continue;
    const last = presences.get(clientOf(entry));
    if (last?.connected.connection === entry.connection)
      presences.set(clientOf(entry), { ...last, untilMs: entry.atMs });
  }
  return presences;
}

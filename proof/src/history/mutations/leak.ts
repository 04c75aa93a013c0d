// Mutations that show something to somebody whom it does not concern, or take something from him.
import type { ConversationLog } from '../conversation-log.ts';
import type { History, HistoryEntry, Logged } from '../history.ts';
import type { LoggedMessage, Mutation, Past } from './editing.ts';

export const leaks: readonly Mutation[] = [
  {
    name: 'sends a live frame to an outsider',
    caughtBy: 'privacy',
    mutate: (past) => strangely(past, ({ user, event }) => [{ ...received(past, user, event), via: 'live' }]),
  },
  { name: 'gives a page to who had been removed', caughtBy: 'privacy', mutate: pageAfterRemoval },
  { name: 'resumes for who had been removed', caughtBy: 'privacy', mutate: resumeAfterRemoval },
  { name: 'tells the head to who had been removed', caughtBy: 'privacy', mutate: headAfterRemoval },
  { name: 'syncs what was said before the user joined', caughtBy: 'privacy', mutate: syncBeforeJoin },
  {
    name: 'accepts a message from an outsider',
    caughtBy: 'privacy',
    mutate: (past) =>
      strangely(past, ({ user, event }) => {
        const position = past.nextPosition;
        const said = { ...event.said, sender: user, clientMsgId: 'stranger' };
        const sent = { ...by(past, user), kind: 'sent' as const, conversation: event.conversation, ...said };
        return [sent, { ...event, position, said }];
      }),
  },
];

const by = (past: Past, user: string) => ({ atMs: past.endMs, user, device: 'phone', connection: 1 });

const received = (past: Past, user: string, event: Logged) => {
  const { conversation, position, said } = event;
  return { ...by(past, user), kind: 'received' as const, conversation, position, said };
};

/** At the end, for a user who is no member then and was none when the message was said. */
function strangely(
  past: Past,
  what: (chosen: { user: string; event: LoggedMessage }) => readonly HistoryEntry[],
): History | undefined {
  const users = [...new Set(past.ofKind('connected').map(({ user }) => user))];
  const candidates = past.messages.flatMap((event) => {
    const log = past.logs.get(event.conversation);
    const isOutside = (user: string): boolean =>
      log?.wasMemberAt(user, event.position) === false && !log.mayBeMember(user, log.atTheEnd);
    return users.filter(isOutside).map((user) => ({ user, event }));
  });
  const chosen = past.pick(candidates);
  return chosen && past.with(...what(chosen));
}

/** Of a conversation that a user had to leave for good: what was said in it, before or after. */
function afterRemoval(
  past: Past,
): { user: string; log: ConversationLog; events: readonly LoggedMessage[] } | undefined {
  const removals = past.ofKind('logged').flatMap(({ conversation, said }) => {
    const log = past.logs.get(conversation);
    const [user] = said.type === 'removed' ? said.users : [];
    return log && user && !log.mayBeMember(user, log.atTheEnd) ? [{ user, log }] : [];
  });
  const chosen = past.pick(removals);
  return chosen && { ...chosen, events: chosen.log.messages.slice(-2) };
}

/** Well after all that was stored, whatever the clocks say. */
const laterMs = 1_000;

function pageAfterRemoval(past: Past): History | undefined {
  const chosen = afterRemoval(past);
  const [event] = chosen?.events ?? [];
  if (!chosen || !event) return undefined;
  const asked = { ...by(past, chosen.user), atMs: past.endMs + laterMs, ref: 'leak', conversation: event.conversation };
  const read = { messages: chosen.events.toReversed(), hasMore: true, stale: false };
  return past.with({ ...asked, kind: 'page-asked', limit: 2 }, { ...asked, kind: 'page-read', ...read });
}

function resumeAfterRemoval(past: Past): History | undefined {
  const chosen = afterRemoval(past);
  const event = chosen?.events.at(-1);
  if (!chosen || !event) return undefined;
  const cursors = { [event.conversation]: event.position - 1 };
  const atMs = past.endMs + laterMs;
  const ref = 'leak';
  return past.with(
    { ...by(past, chosen.user), atMs, ref, kind: 'resume-asked', cursors },
    { ...received(past, chosen.user, event), atMs, ref, via: 'resume' },
  );
}

function headAfterRemoval(past: Past): History | undefined {
  const chosen = afterRemoval(past);
  const [event] = chosen?.events ?? [];
  if (!chosen || !event) return undefined;
  const asked = { ...by(past, chosen.user), atMs: past.endMs + laterMs, ref: 'leak' };
  const heads = { [event.conversation]: chosen.log.head };
  return past.with({ ...asked, kind: 'resume-asked', cursors: heads }, { ...asked, kind: 'resumed', heads });
}

function syncBeforeJoin(past: Past): History | undefined {
  const candidates = past.ofKind('fresh-sync').flatMap((sync) => {
    const log = past.logs.get(sync.conversation);
    const hidden = log?.accepted.find(({ position }) => !log.mayRead(sync.user, position, log.atTheEnd));
    return hidden ? [{ sync, hidden }] : [];
  });
  const { sync, hidden } = past.pick(candidates) ?? {};
  return past.alter(sync, ({ shown }) => ({
    shown: [...shown, ...(hidden ? [hidden] : [])].toSorted((a, b) => a.position - b.position),
  }));
}

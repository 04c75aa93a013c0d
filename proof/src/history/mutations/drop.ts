// Mutations that take something away: from the log and its rows, from a page, a sync, a view, an answer.
import type { ConversationLog } from '../conversation-log.ts';
import type { History, PageWalk, Received, Shown } from '../history.ts';
import { clientOf } from '../readings.ts';
import { isAt, isStored, type LoggedMessage, type Mutation, type Past } from './editing.ts';

export const drops: readonly Mutation[] = [
  {
    name: 'loses a suffix of the log',
    caughtBy: 'acked loss',
    says: /a suffix: the log/,
    mutate: (past) => loseFrom(past, ({ messages }) => messages.slice(-3)),
  },
  {
    name: 'loses a prefix of the log',
    caughtBy: 'acked loss',
    says: /a prefix: the log/,
    mutate: (past) => loseFrom(past, ({ messages }) => messages.slice(0, 3)),
  },
  {
    name: 'loses a message in the middle of the log',
    caughtBy: 'acked loss',
    says: /a middle: the log/,
    mutate: (past) => loseFrom(past, ({ messages }) => messages.slice(9, -9).slice(0, 1)),
  },
  {
    name: 'voids an acked message',
    caughtBy: 'acked loss',
    mutate: (past) => past.alter(past.pick(past.acked), () => ({ isVoid: true })),
  },
  {
    name: 'loses the row of an acked message',
    caughtBy: 'acked loss',
    says: /the rows/,
    mutate(past) {
      const lost = past.pick(past.acked);
      return lost && past.without((entry) => entry.kind === 'row' && isAt(lost)(entry));
    },
  },
  {
    name: 'loses the row of a membership event',
    caughtBy: 'rows',
    mutate(past) {
      const lost = past.pick(past.ofKind('row').filter(({ said }) => said?.type !== 'message'));
      return lost && past.without((entry) => entry === lost);
    },
  },
  {
    name: 'leaves an acked message out of all pages',
    caughtBy: 'acked loss',
    says: /all pages/,
    mutate(past) {
      const acked = new Set(past.acked.map(({ conversation, position }) => `${conversation} ${position}`));
      const isAcked = ({ conversation }: PageWalk, { position }: Shown): boolean =>
        acked.has(`${conversation} ${position}`);
      const walk = past.pick(
        past.ofKind('page-walk').filter((one) => one.messages.some((shown) => isAcked(one, shown))),
      );
      const lost = walk && past.pick(walk.messages.filter((shown) => isAcked(walk, shown)));
      return past.alter(walk, ({ messages }) => ({ messages: messages.filter((shown) => shown !== lost) }));
    },
  },
  {
    name: 'leaves an event out of a fresh sync',
    caughtBy: 'gap',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('fresh-sync')), ({ shown }) => ({
        shown: shown.toSpliced(shown.length >> 1, 1),
      })),
  },
  {
    name: 'leaves a message out of the middle of a page',
    caughtBy: 'gap',
    mutate: (past) =>
      past.alter(past.pick(past.ofKind('page-read').filter(({ messages }) => messages.length > 2)), ({ messages }) => ({
        messages: messages.toSpliced(1, 1),
      })),
  },
  { name: 'serves a page from before an ack', caughtBy: 'read your writes', mutate: stalePage },
  { name: 'drops a live frame, and no resume brings it', caughtBy: 'gap', mutate: (past) => loseFrame(past, true) },
  { name: 'never shows the newest event to a client', caughtBy: 'late', mutate: (past) => loseFrame(past, false) },
  { name: 'shows the newest event to a client too late', caughtBy: 'late', mutate: showLate },
  {
    name: 'never answers a send',
    caughtBy: 'unanswered',
    mutate(past) {
      const lost = past.pick(past.ofKind('acked'));
      return (
        lost &&
        past.without(
          (entry) => 'clientMsgId' in entry && entry.kind !== 'sent' && entry.clientMsgId === lost.clientMsgId,
        )
      );
    },
  },
];

function loseFrom(past: Past, choose: (log: ConversationLog) => readonly LoggedMessage[]): History | undefined {
  const acked = new Set(past.acked);
  const lost = past.pick([...past.logs.values()].map(choose).filter((some) => some.some((event) => acked.has(event))));
  return lost && past.without((entry) => isStored(entry) && lost.some((event) => isAt(event)(entry)));
}

/** The newest page without its first message, which had been acked to somebody when it was asked for. */
function stalePage(past: Past): History | undefined {
  const ackedAt = new Map<string, number>();
  const askedAt = new Map<string, { index: number; conversation: string }>();
  for (const [index, entry] of past.history.entries()) {
    if (entry.kind === 'acked') ackedAt.set(`${entry.conversation} ${entry.position}`, index);
    if (entry.kind === 'page-asked' && entry.before === undefined && entry.after === undefined) {
      askedAt.set(entry.ref, { index, conversation: entry.conversation });
    }
  }
  const candidates = past.ofKind('page-read').filter(({ ref, messages }) => {
    const { index = 0, conversation = '' } = askedAt.get(ref) ?? {};
    return (ackedAt.get(`${conversation} ${messages[0]?.position}`) ?? Infinity) < index;
  });
  return past.alter(past.pick(candidates), ({ messages }) => ({ messages: messages.slice(1) }));
}

/** A frame that came once, live; afterwards the client resumed, or heard nothing more of the conversation. */
function loseFrame(past: Past, isResumedLater: boolean): History | undefined {
  const last = new Map<string, number>();
  for (const [index, entry] of past.history.entries()) {
    if (entry.kind !== 'resume-asked') continue;
    for (const conversation of Object.keys(entry.cursors)) last.set(`${clientOf(entry)} ${conversation}`, index);
  }
  const times = Map.groupBy(
    past.ofKind('received'),
    (frame) => `${clientOf(frame)} ${frame.conversation} ${frame.position}`,
  );
  const order = new Map(past.history.map((entry, index) => [entry, index]));
  const candidates = [...times.values()].flatMap(([frame, ...again]) => {
    if (!frame || again.length > 0 || frame.via !== 'live') return [];
    const lastResume = last.get(`${clientOf(frame)} ${frame.conversation}`) ?? 0;
    const isBefore = (order.get(frame) ?? 0) < lastResume;
    const isNewest = past.logs.get(frame.conversation)?.head === frame.position;
    return (isResumedLater ? isBefore && wasApplied(past, frame) : isNewest) ? [frame] : [];
  });
  const lost = past.pick(candidates);
  return lost && past.without((entry) => entry === lost);
}

/** By a member who stays one, with a `prev_id` that was no gap: taken as applied when the client is a member at the end. */
const wasApplied = (past: Past, { user, conversation }: Received): boolean => {
  const log = past.logs.get(conversation);
  return log?.lastJoin(user)?.position === log?.accepted[0]?.position && log?.mayBeMember(user, log.atTheEnd) === true;
};

function showLate(past: Past): History | undefined {
  const lateMs = 10_000;
  const newest = past.ofKind('received').filter(({ user, conversation, position }) => {
    const log = past.logs.get(conversation);
    return log?.head === position && log.mayBeMember(user, log.atTheEnd);
  });
  const chosen = past.pick(newest);
  if (!chosen) return undefined;
  const isSame = (frame: Received): boolean => isAt(chosen)(frame) && clientOf(frame) === clientOf(chosen);
  const before = past.without((entry) => entry.kind === 'received' && isSame(entry));
  return [...before, { ...chosen, atMs: past.endMs + lateMs }];
}

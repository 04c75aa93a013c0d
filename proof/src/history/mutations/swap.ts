// Mutations that show something twice, or two things in each other's place: on one path, or consistently on all of them.
import type { History, HistoryEntry, Shown } from '../history.ts';
import { clientOf } from '../readings.ts';
import { isAt, isStored, type LoggedMessage, type Mutation, type Past } from './editing.ts';

export const swaps: readonly Mutation[] = [
  {
    name: 'stores a message twice',
    caughtBy: 'idempotency',
    mutate(past) {
      const twice = past.pick(past.acked);
      const position = past.nextPosition;
      return (
        twice &&
        past.history.flatMap((entry) => [
          entry,
          ...(isStored(entry) && isAt(twice)(entry) ? [{ ...entry, position }] : []),
        ])
      );
    },
  },
  {
    name: 'shows a message to a client at two positions',
    caughtBy: 'idempotency',
    mutate: (past) =>
      past.replace(past.pick(past.ofKind('received').filter(({ said }) => said.type === 'message')), (frame) => [
        frame,
        { ...frame, position: past.nextPosition },
      ]),
  },
  {
    name: 'answers a retry with another position',
    caughtBy: 'idempotency',
    mutate: (past) =>
      past.replace(past.pick(past.ofKind('acked')), (ack) => [
        ack,
        { ...ack, duplicate: true, position: ack.position + 1 },
      ]),
  },
  { name: 'swaps two messages in the log', caughtBy: 'order', mutate: (past) => swapIn(past, 'logged') },
  { name: 'swaps two messages in the rows', caughtBy: 'rows', mutate: (past) => swapIn(past, 'row') },
  { name: 'swaps two messages of a live view', caughtBy: 'order', mutate: (past) => swapIn(past, 'received') },
  {
    name: 'swaps two messages of a page',
    caughtBy: 'order',
    mutate: (past) =>
      swapList(past, ([a, b, ...rest]) => (a && b ? [{ ...a, said: b.said }, { ...b, said: a.said }, ...rest] : [])),
  },
  {
    name: 'sorts a page wrongly',
    caughtBy: 'order',
    mutate: (past) => swapList(past, ([a, b, ...rest]) => (a && b ? [b, a, ...rest] : [])),
  },
  {
    name: 'orders two messages of one sender against an ack',
    caughtBy: 'session order',
    mutate: (past) => swapEverywhere(past, (a, b) => a.said.sender === b.said.sender && isAckedBefore(past, a, b)),
  },
  {
    name: 'orders two messages of two senders against an ack',
    caughtBy: 'real-time order',
    mutate: (past) => swapEverywhere(past, (a, b) => a.said.sender !== b.said.sender && isAckedBefore(past, a, b)),
  },
  {
    name: 'orders two messages of one connection against their sending',
    caughtBy: 'session order',
    mutate: (past) => swapEverywhere(past, (a, b) => arePipelined(past, a, b)),
  },
];

type Pair = readonly [LoggedMessage, LoggedMessage];

const neighbours = (past: Past): readonly Pair[] => [...past.logs.values()].flatMap(({ messages }) => pairs(messages));

/** With messages of others between them. */
const ownNeighbours = (past: Past): readonly Pair[] =>
  [...past.logs.values()].flatMap(({ messages }) =>
    [...Map.groupBy(messages, ({ said }) => said.sender).values()].flatMap(pairs),
  );

const pairs = (messages: readonly LoggedMessage[]): readonly Pair[] =>
  messages.flatMap((later, index) => {
    const earlier = messages[index - 1];
    return earlier ? [[earlier, later] as const] : [];
  });

/** What two neighbours say, exchanged in the log, in the rows, or in one client's frames. */
function swapIn(past: Past, kind: 'logged' | 'row' | 'received'): History | undefined {
  const frame = past.pick(past.ofKind('received').filter(({ via }) => via === 'live'));
  const isMeant = (entry: HistoryEntry): boolean => entry.kind === kind && (kind !== 'received' || isOf(entry, frame));
  const telling = past.history.filter((entry) => isMeant(entry) && 'said' in entry && entry.said !== undefined);
  const pair = past.pick(neighbours(past).filter(([earlier]) => telling.some(isAt(earlier))));
  return pair && exchange(past, pair, isMeant);
}

const isOf = (entry: HistoryEntry, by: { user: string; device: string } | undefined): boolean =>
  by !== undefined && 'device' in entry && clientOf(entry) === clientOf(by);

function exchange(past: Past, [a, b]: Pair, isMeant: (entry: HistoryEntry) => boolean): History {
  return past.history.map((entry) => {
    if (!isMeant(entry) || !('said' in entry)) return entry;
    if (isAt(a)(entry)) return { ...entry, said: b.said };
    return isAt(b)(entry) ? { ...entry, said: a.said } : entry;
  });
}

function swapList(past: Past, swap: (messages: readonly Shown[]) => readonly Shown[]): History | undefined {
  const page = past.pick(past.ofKind('page-read').filter(({ messages }) => messages.length > 1));
  return past.alter(page, ({ messages }) => ({ messages: swap(messages) }));
}

/** As if the log had taken them the other way round: in acks, frames, pages, syncs and rows alike. */
function swapEverywhere(past: Past, isMeant: (a: LoggedMessage, b: LoggedMessage) => boolean): History | undefined {
  const pair = past.pick([...neighbours(past), ...ownNeighbours(past)].filter(([a, b]) => isMeant(a, b)));
  if (!pair) return undefined;
  const [a, b] = pair;
  const swapped = exchange(past, pair, () => true);
  const swap = (shown: Shown): Shown => {
    if (shown.position === a.position) return { ...shown, said: b.said };
    return shown.position === b.position ? { ...shown, said: a.said } : shown;
  };
  return swapped.map((entry) => {
    if (entry.kind === 'page-read' || entry.kind === 'page-walk')
      return { ...entry, messages: entry.messages.map(swap) };
    if (entry.kind === 'fresh-sync') return { ...entry, shown: entry.shown.map(swap) };
    if (entry.kind !== 'acked') return entry;
    if (isAt(a)(entry)) return { ...entry, position: b.position };
    return isAt(b)(entry) ? { ...entry, position: a.position } : entry;
  });
}

const isAckedBefore = (past: Past, a: LoggedMessage, b: LoggedMessage): boolean =>
  (past.indicesOf('acked', a)[0] ?? Infinity) < (past.indicesOf('sent', b)[0] ?? -1);

/** Sent one after the other on one connection, each once, the second before the first was acked. */
function arePipelined(past: Past, a: LoggedMessage, b: LoggedMessage): boolean {
  const [sentA, ...againA] = past.indicesOf('sent', a);
  const [sentB, ...againB] = past.indicesOf('sent', b);
  const [ackedA = -1] = past.indicesOf('acked', a);
  const [ackedB = -1] = past.indicesOf('acked', b);
  if (sentA === undefined || sentB === undefined || againA.length + againB.length > 0) return false;
  const connections = new Set([sentA, sentB, ackedA, ackedB].map((index) => connectionOf(past.history[index])));
  return connections.size === 1 && sentA < sentB && sentB < ackedA;
}

const connectionOf = (entry: HistoryEntry | undefined): string =>
  entry && 'connection' in entry ? `${clientOf(entry)} ${entry.connection}` : 'none';

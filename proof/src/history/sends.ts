// What became of each message that somebody wanted to send: its attempts and every answer, by (conversation, sender, id).
import { keyOf } from './conversation-log.ts';
import type { Acked, GivenUp, HistoryEntry, Refused, Sent } from './history.ts';

export interface Send {
  readonly conversation: string;
  readonly sender: string;
  readonly clientMsgId: string;
  readonly attempts: readonly Sent[];
  readonly acks: readonly Acked[];
  readonly refusals: readonly Refused[];
  readonly givenUp: readonly GivenUp[];
}

export const sendKey = (conversation: string, message: { sender: string; clientMsgId: string }): string =>
  `${conversation} ${keyOf(message)}`;

export function sendsOf(history: readonly HistoryEntry[]): ReadonlyMap<string, Send> {
  const sends = new Map<string, Mutable>();
  for (const entry of history) {
    if (!isAboutSend(entry)) continue;
    const { conversation, user: sender, clientMsgId } = entry;
    const key = sendKey(conversation, { sender, clientMsgId });
    const send = sends.get(key) ?? {
      conversation,
      sender,
      clientMsgId,
      attempts: [],
      acks: [],
      refusals: [],
      givenUp: [],
    };
    sends.set(key, send);
    if (entry.kind === 'sent') send.attempts.push(entry);
    else if (entry.kind === 'acked') send.acks.push(entry);
    else if (entry.kind === 'refused') send.refusals.push(entry);
    else send.givenUp.push(entry);
  }
  return sends;
}

type AboutSend = Sent | Acked | Refused | GivenUp;
interface Mutable extends Send {
  readonly attempts: Sent[];
  readonly acks: Acked[];
  readonly refusals: Refused[];
  readonly givenUp: GivenUp[];
}

const kinds: ReadonlySet<HistoryEntry['kind']> = new Set(['sent', 'acked', 'refused', 'given-up']);
const isAboutSend = (entry: HistoryEntry): entry is AboutSend => kinds.has(entry.kind);

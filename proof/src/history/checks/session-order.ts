// Session order: a sender's own messages in one conversation are in the order in which they were sent, when one was sent after
// the other's ack, and also when both were sent on one connection without waiting, each once (the gateway keeps a queue for each
// sender and conversation). Cannot see: an order between messages sent again, or over different connections, before an ack.
import type { Facts, Offence } from '../facts.ts';
import type { Acked, Sent } from '../history.ts';
import { overtakings } from '../overtakings.ts';
import { clientOf, pushTo } from '../readings.ts';

interface OnlyAttempt {
  readonly sent: Sent;
  readonly acked: Acked;
}

export function checkSessionOrder(facts: Facts): readonly Offence[] {
  const waited = overtakings(facts, (conversation, user) => `${conversation} ${user}`);
  return [
    ...waited.map(({ sent, earlier, position }) => offence(sent, position, earlier)),
    ...[...pipelines(facts).values()].flatMap(overtaken),
  ];
}

/** What was sent once and acked, by conversation and connection, in the order of sending. */
function pipelines(facts: Facts): ReadonlyMap<string, readonly OnlyAttempt[]> {
  const lists = new Map<string, OnlyAttempt[]>();
  for (const { attempts, acks, conversation } of facts.sends.values()) {
    const [sent] = attempts;
    const [acked] = acks;
    if (!sent || !acked || attempts.length > 1 || acked.connection !== sent.connection || sent.connection === 0)
      continue;
    pushTo(lists, `${conversation} ${clientOf(sent)} ${sent.connection}`, { sent, acked });
  }
  return lists;
}

function overtaken(list: readonly OnlyAttempt[]): readonly Offence[] {
  return list.flatMap(({ sent, acked }, index) => {
    const before = list[index - 1]?.acked;
    return before && before.position > acked.position ? [offence(sent, acked.position, before)] : [];
  });
}

const offence = (sent: Sent, position: number, earlier: Acked): Offence => ({
  kind: 'session order',
  sentence: `${sent.user} sent ${sent.clientMsgId} in ${sent.conversation} after ${earlier.clientMsgId}, and they are at ${position} and ${earlier.position}`,
  entries: [earlier, sent],
});

// Messages that the log has before one that had been acked when they were first sent.
import type { Facts } from './facts.ts';
import { floorsOf } from './floors.ts';
import type { Acked, Sent } from './history.ts';
import { sendKey } from './sends.ts';

interface Overtaking {
  readonly sent: Sent;
  readonly position: number;
  readonly earlier: Acked;
}

export function overtakings(
  facts: Facts,
  scopeOf: (conversation: string, user: string) => string,
): readonly Overtaking[] {
  return floorsOf(facts.history, scopeOf, (sent, floorOf) => {
    const earlier = sent.kind === 'sent' ? floorOf(sent.conversation) : undefined;
    if (sent.kind !== 'sent' || !earlier) return [];
    const found = positionsOf(facts, sent).filter((position) => position < earlier.position);
    return found.map((position) => ({ sent, position, earlier }));
  });
}

function positionsOf(facts: Facts, { conversation, user: sender, clientMsgId, body }: Sent): readonly number[] {
  const acks = facts.sends.get(sendKey(conversation, { sender, clientMsgId }))?.acks ?? [];
  const copies = facts.logOf(conversation).copiesOf({ type: 'message', sender, clientMsgId, body });
  return [...new Set([...acks, ...copies].map(({ position }) => position))];
}

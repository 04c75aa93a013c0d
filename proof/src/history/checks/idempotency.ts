// One accepted message per idempotency key: the log has at most one copy that is not void, every ack of the key names its
// position, and no list shows the key twice. Cannot see: two keys that the user meant as one.
import { keyOf } from '../conversation-log.ts';
import { isDefined, some, type Facts, type Offence } from '../facts.ts';
import type { HistoryEntry, Logged } from '../history.ts';
import type { Reading } from '../readings.ts';
import type { Send } from '../sends.ts';

export function checkIdempotency(facts: Facts): readonly Offence[] {
  return [
    ...[...facts.logs].flatMap(([conversation, { messages }]) => copies(conversation, messages)),
    ...[...facts.sends.values()].map((send) => positionsTold(facts, send)),
    ...facts.readings.flatMap(repeats),
  ].filter(isDefined);
}

function copies(conversation: string, messages: readonly Logged[]): readonly Offence[] {
  const byKey = Map.groupBy(messages, ({ said }) => (said.type === 'message' ? keyOf(said) : ''));
  return [...byKey]
    .filter(([, theirs]) => theirs.length > 1)
    .map(([key, theirs]) => {
      const positions = theirs.map(({ position }) => position);
      return offence(`${key} is in the log of ${conversation} more than once: at ${some(positions)}`, theirs);
    });
}

function positionsTold(facts: Facts, send: Send): Offence | undefined {
  const { conversation, sender, clientMsgId, acks } = send;
  const stored = facts.logOf(conversation).copiesOf({ ...send, type: 'message', body: '' });
  const positions = new Set([...acks, ...stored.slice(0, 1)].map(({ position }) => position));
  if (acks.length === 0 || positions.size <= 1) return undefined;
  const sentence = `${sender}'s ${clientMsgId} in ${conversation} has more than one position: ${some([...positions])}`;
  return offence(sentence, [...acks, ...stored]);
}

function repeats({ name, conversation, shown, proof }: Reading): readonly Offence[] {
  const first = new Map<string, number>();
  return shown.flatMap(({ said, position }, index) => {
    if (said.type !== 'message') return [];
    const before = first.get(keyOf(said)) ?? index;
    first.set(keyOf(said), before);
    const { position: firstPosition = position } = shown[before] ?? {};
    if (firstPosition === position) return [];
    const sentence = `${name} in ${conversation} shows ${keyOf(said)} twice: at ${firstPosition} and ${position}`;
    return [offence(sentence, [proof(before), proof(index)])];
  });
}

const offence = (sentence: string, entries: readonly HistoryEntry[]): Offence => ({
  kind: 'idempotency',
  sentence,
  entries,
});

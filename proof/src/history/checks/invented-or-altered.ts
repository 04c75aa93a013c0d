// Nothing invented or altered: every message in the log was sent by that sender with that body, every ack is of a message that
// was sent, and whatever a frame, page or row shows is in the log, accepted, with that sender and body. Judges content, not
// place: a message at another position than the log's is `order`. Cannot see: a client that was not recorded.
import { saysTheSame } from '../conversation-log.ts';
import { isDefined, type Facts, type Offence } from '../facts.ts';
import type { HistoryEntry, Logged, Message, Said, Shown } from '../history.ts';
import type { Reading } from '../readings.ts';
import { sendKey } from '../sends.ts';

export function checkInvented(facts: Facts): readonly Offence[] {
  return [
    ...[...facts.logs.values()].flatMap(({ accepted }) => accepted.map((event) => unsent(facts, event))),
    ...[...facts.sends.values()].flatMap(({ attempts, acks }) =>
      attempts.length > 0 ? [] : acks.map((ack) => offence(`${ack.clientMsgId} was acked, and nobody sent it`, [ack])),
    ),
    ...facts.readings.flatMap((reading) =>
      reading.shown.map((shown, index) => unlogged(facts, reading, { shown, index })),
    ),
  ].filter(isDefined);
}

function unsent(facts: Facts, event: Logged): Offence | undefined {
  const { conversation, position, said } = event;
  if (said.type !== 'message') return undefined;
  const attempts = facts.sends.get(sendKey(conversation, said))?.attempts ?? [];
  if (attempts.some(({ body }) => body === said.body)) return undefined;
  const what = attempts.length === 0 ? 'a message that nobody sent' : 'another body than was sent';
  return offence(`the log of ${conversation} has at ${position} ${what}: ${describe(said)}`, [event, ...attempts]);
}

function unlogged(
  facts: Facts,
  reading: Reading,
  { shown, index }: { shown: Shown; index: number },
): Offence | undefined {
  const { position, said } = shown;
  const log = facts.logOf(reading.conversation);
  const at = log.at(position);
  const meant = said.type === 'message' ? (log.copiesOf(said)[0] ?? at) : at;
  if (meant && saysTheSame(said, meant.said)) return undefined;
  const voided = log.voided.find((event) => event.position === position);
  const truth = meant
    ? `the log has ${describe(meant.said)}`
    : voided
      ? 'it is void in the log'
      : 'the log has nothing there';
  const where = `${reading.name} in ${reading.conversation}`;
  const proof: readonly HistoryEntry[] = [reading.proof(index), meant ?? voided].filter(isDefined);
  return offence(`${where} shows ${describe(said)} at ${position}: ${truth}`, proof);
}

const describe = (said: Said): string =>
  said.type === 'message'
    ? describeMessage(said)
    : `${said.by}'s ${said.type} ${[...said.users, said.role, said.name, said.history].filter(isDefined).join(', ')}`;

const describeMessage = ({ sender, clientMsgId, body }: Message): string =>
  `${sender}'s ${clientMsgId} ${JSON.stringify(body.slice(0, 40))}`;

const offence = (sentence: string, entries: readonly HistoryEntry[]): Offence => ({
  kind: 'invented or altered',
  sentence,
  entries,
});

// Every send is answered, with an ack or a refusal that is meant to be the last word, or its client gave it up and calls it
// unknown. And a last word holds: what was refused for good is not stored. Cannot see: answers that came after recording ended.
import { isDefined, type Facts, type Offence } from '../facts.ts';
import type { Send } from '../sends.ts';

export const checkUnanswered = (facts: Facts): readonly Offence[] =>
  [...facts.sends.values()].flatMap((send) => [unanswered(send), refusedAndStored(facts, send)]).filter(isDefined);

function unanswered({ conversation, sender, clientMsgId, ...send }: Send): Offence | undefined {
  const answers = [...send.acks, ...send.givenUp, ...send.refusals.filter(({ retryable }) => !retryable)];
  if (answers.length > 0) return undefined;
  const sentence = `${sender}'s ${clientMsgId} in ${conversation} was never answered`;
  return { kind: 'unanswered', sentence, entries: [...send.attempts, ...send.refusals] };
}

/** The id of a message that is stored may be refused to another body. */
function refusedAndStored(facts: Facts, send: Send): Offence | undefined {
  const { conversation, sender, clientMsgId, attempts, acks } = send;
  const final = send.refusals.findLast(({ retryable, code }) => !retryable && code !== 'idempotency_mismatch');
  const [stored] = facts.logOf(conversation).copiesOf({ type: 'message', sender, clientMsgId, body: '' });
  if (!final || !stored || acks.length > 0 || attempts.length > 1) return undefined;
  const sentence = `${sender}'s ${clientMsgId} in ${conversation} was refused with ${final.code}, and is stored at ${stored.position}`;
  return { kind: 'unanswered', sentence, entries: [...attempts, final, stored] };
}

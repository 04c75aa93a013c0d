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

/**
 * An id that is stored may be refused to another body. A later attempt may be stored after an earlier one was refused; once it is
 * stored, and be it acked, no repeat of it is refused for good.
 */
function refusedAndStored(facts: Facts, send: Send): Offence | undefined {
  const { conversation, sender, clientMsgId, attempts, acks } = send;
  const final = send.refusals.findLast(({ retryable, code }) => !retryable && code !== 'idempotency_mismatch');
  const [stored] = facts.logOf(conversation).copiesOf({ type: 'message', sender, clientMsgId, body: '' });
  if (!final || !stored) return undefined;
  const wasStoredBefore = stored.storedMs + facts.options.clockSkewMsMax < final.atMs;
  if ((attempts.length > 1 || acks.length > 0) && !wasStoredBefore) return undefined;
  const sentence = `${sender}'s ${clientMsgId} in ${conversation} was refused with ${final.code}, and is stored at ${stored.position}`;
  return { kind: 'unanswered', sentence, entries: [...attempts, final, stored] };
}

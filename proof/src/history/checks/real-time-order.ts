// Real-time order: a message whose first attempt was made after another was acked, by whomever, comes after it. Judged by where
// the log and the acks have it. Cannot see: two recorders' order of things that happened within the same moment.
import type { Facts, Offence } from '../facts.ts';
import { overtakings } from '../overtakings.ts';

export const checkRealTimeOrder = (facts: Facts): readonly Offence[] =>
  overtakings(facts, (conversation) => conversation).map(({ sent, position, earlier }) => ({
    kind: 'real-time order',
    sentence: `${sent.user}'s ${sent.clientMsgId} in ${sent.conversation} is at ${position}, and was first sent after ${earlier.clientMsgId} had been acked at ${earlier.position}`,
    entries: [earlier, sent],
  }));

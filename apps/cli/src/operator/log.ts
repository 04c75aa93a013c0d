// `parley log`: the story of a conversation, from the log alone. An event that this build cannot read is told as well as it can be.
import type { RawRecord } from '@parley/infra/nats';
import { isBy, parseMoment, type Moment } from './moment.ts';
import type { OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { conversationIdOf, noSuchConversation, recordsOf } from './story/conversation-events.ts';
import { tell } from './story/tell.ts';

interface LogFlags {
  readonly from?: string;
  readonly to?: string;
}

export const tellLog: OperatorCommand<LogFlags> = async ({ system, output, flags, signal }, given = '') => {
  const id = conversationIdOf(given);
  const now = system.world.now();
  const from = flags.from === undefined ? undefined : parseMoment(flags.from, now);
  const to = flags.to === undefined ? undefined : parseMoment(flags.to, now);
  const told = { events: 0, unreadable: 0 };
  for await (const records of recordsOf(system, id, { signal })) {
    const wanted = records.filter((record) => isWanted(record, from, to));
    for (const record of wanted) told.unreadable += tell(output, record) instanceof Error ? 1 : 0;
    told.events += records.length;
  }
  if (told.events === 0 && !signal.aborted) noSuchConversation(id);
  if (told.unreadable > 0) output.note(`${told.unreadable} events cannot be read by this build`);
  return told.unreadable > 0 ? EXIT.found : EXIT.done;
};

function isWanted({ position, time }: RawRecord, from: Moment | undefined, to: Moment | undefined): boolean {
  const place = { position, storedTs: Date.parse(time) };
  const isBefore =
    from !== undefined && (from.type === 'position' ? position < from.position : place.storedTs < from.ts);
  return !isBefore && (to === undefined || isBy(place, to));
}

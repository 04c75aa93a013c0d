// A record told to people and programs alike; one that this build cannot read is told as well as it can be.
import { MalformedEvent, UnknownEventVersion, type StoredEvent } from '@parley/domain';
import { decodeRaw, describeEvent, type RawRecord } from '@parley/infra/nats';
import type { Output } from '../output.ts';
import { placeOf, storyEntry, storyLine } from './story.ts';

/** Gives what `readable` gives. */
export function tell(output: Output, record: RawRecord): StoredEvent | Error {
  const stored = readable(record);
  if (stored instanceof Error) {
    const { position, time, body } = record;
    output.line(`${placeOf(position, time)}  NOT READABLE by this build: ${describeEvent(body)}`);
    output.json({ position, time, unreadable: stored.message, described: describeEvent(body) });
  } else {
    output.line(storyLine(stored));
    output.json(storyEntry(stored));
  }
  return stored;
}

/** The event, or why this build cannot read it. */
export function readable(record: RawRecord): StoredEvent | Error {
  try {
    return decodeRaw(record);
  } catch (error) {
    if (error instanceof UnknownEventVersion || error instanceof MalformedEvent) return error;
    throw error;
  }
}

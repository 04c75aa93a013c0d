// The `.meta` events of one conversation. A direct get is fast and spreads over replicas, but one of those may lag behind: so
// the leader first says what the last event is, and whatever is missing up to it is read from the leader (docs/jetstream.md).
import {
  isConversationEvent,
  position,
  type ConversationEvent,
  type ConversationId,
  type Position,
  type Shard,
  type StoredEvent,
} from '@parley/domain';
import { decodeEvent, type StoredRecord } from './codec.ts';
import { directBatch, type DirectReader } from './direct-get.ts';
import type { Upcasters } from './event-types.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import { chatStream, chatSubject } from './subjects.ts';

export interface ConversationReader extends DirectReader {
  readonly api: JetStreamApi;
  readonly upcasters: Upcasters;
}

export interface ConversationRange {
  readonly shard: Shard;
  readonly conversationId: ConversationId;
  readonly after: Position;
}

/** Complete as of the leader's answer, which is after the call: one request when there is nothing new. */
export async function readConversationEvents(
  reader: ConversationReader,
  range: ConversationRange,
): Promise<readonly StoredEvent<ConversationEvent>[]> {
  const stream = chatStream(range.shard);
  const subject = chatSubject({ ...range, kind: 'meta' });
  const last = await reader.api.message(stream, { last_by_subj: subject });
  if (last === undefined || last.position <= range.after) return [];
  const records = await recordsUpTo(reader, { stream, subject, after: range.after, last });
  return records.map((record) => decodeEvent(record, reader.upcasters)).filter(isConversationEvent);
}

interface SubjectRange {
  readonly stream: string;
  readonly subject: string;
  readonly after: Position;
  readonly last: StoredRecord;
}

async function recordsUpTo(reader: ConversationReader, range: SubjectRange): Promise<readonly StoredRecord[]> {
  const { stream, subject, last } = range;
  const direct = await directBatch(reader, { stream, subject, from: range.after + 1, upTo: last.position });
  const records = direct.filter(({ position: at }) => at < last.position);
  let cursor = records.at(-1)?.position ?? range.after;
  for (;;) {
    const next = await reader.api.message(stream, { seq: cursor + 1, next_by_subj: subject });
    if (next === undefined || next.position >= last.position) return [...records, last];
    records.push(next);
    cursor = position(next.position);
  }
}

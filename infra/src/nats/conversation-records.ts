// All that is stored of one conversation, as it is stored: what was said and what happened to it. By direct gets, as in
// `conversation-events.ts`: what a replica that lags does not bring is read from the leader.
import { position, type ConversationId, type Position, type Shard } from '@parley/domain';
import { directRawBatch, type DirectReader } from './direct-get.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import type { RawRecord } from './raw-record.ts';
import { chatStream, conversationSubjects } from './subjects.ts';

export interface RecordReader extends DirectReader {
  readonly api: JetStreamApi;
}

export interface RecordRange {
  readonly shard: Shard;
  readonly conversationId: ConversationId;
  readonly after: Position;
  /** Absent: all there are when the call begins. */
  readonly upTo?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** In order, some at a time (1,024 at most), until there are no more or the signal aborts. */
export async function* readConversationRecords(
  reader: RecordReader,
  range: RecordRange,
): AsyncGenerator<readonly RawRecord[], void, undefined> {
  const stream = chatStream(range.shard);
  const subject = conversationSubjects(range);
  const newest = await reader.api.message(stream, { last_by_subj: subject });
  const last = Math.min(newest?.position ?? 0, range.upTo ?? Infinity);
  let cursor = range.after;
  while (cursor < last && !range.signal?.aborted) {
    const direct = await directRawBatch(reader, { stream, subject, from: cursor + 1, upTo: last });
    const records = direct.length > 0 ? direct : await fromLeader(reader, { stream, subject, cursor });
    const found = records.filter((record) => record.position <= last);
    if (found.length === 0) return;
    yield found;
    cursor = position(found.at(-1)?.position ?? last);
  }
}

async function fromLeader(
  { api }: RecordReader,
  { stream, subject, cursor }: { readonly stream: string; readonly subject: string; readonly cursor: Position },
): Promise<readonly RawRecord[]> {
  const next = await api.rawMessage(stream, { seq: cursor + 1, next_by_subj: subject });
  return next === undefined ? [] : [next];
}

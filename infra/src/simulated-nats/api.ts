// What JetStream's API answers about a stream: the calls that our adapter makes, as JSON.
import { API_CODES } from '../nats/api-error.ts';
import type { MessageQuery } from '../nats/jetstream-api.ts';
import type { Stream, StreamMessage } from './stream.ts';

export const streamInfo = (stream: Stream, nowTs: number): object => ({
  state: { last_seq: stream.head },
  ts: new Date(nowTs).toISOString(),
});

export function storedMessage(stream: Stream, query: MessageQuery): object {
  const found = find(stream, query);
  return found ? { message: toApi(found) } : notFound;
}

function find(stream: Stream, query: MessageQuery): StreamMessage | undefined {
  if ('last_by_subj' in query) return stream.last(query.last_by_subj);
  return 'next_by_subj' in query ? stream.next(query.next_by_subj, query.seq) : stream.at(query.seq);
}

const toApi = ({ subject, seq, storedTs, data }: StreamMessage): object => ({
  subject,
  seq,
  time: new Date(storedTs).toISOString(),
  data: Buffer.from(data).toString('base64'),
});

const notFound = { error: { code: 404, err_code: API_CODES.NoMessageFound, description: 'no message found' } };

export const noSuchConsumer = { error: { code: 404, err_code: 10014, description: 'consumer not found' } };

// Many messages of one subject by one request, from whichever replica answers. It may lag: what comes is a beginning of what
// there is, never the proof of its end. (The client library's `getBatch` leaves its subscription behind for five seconds.)
import { position, type Position, type World } from '@parley/domain';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { StoredRecord } from './codec.ts';
import type { RawRecord } from './raw-record.ts';
import type { Connection } from './connection.ts';
import { rfc3339ToMs } from './timestamps.ts';

export interface DirectReader {
  readonly connection: Connection;
  readonly world: World;
}

export interface DirectRange {
  readonly stream: string;
  readonly subject: string;
  readonly from: number;
  readonly upTo: number;
}

const batchMax = 1_024;

/** Between two messages of one answer; then we go on with what has come. */
const stallMs = 1_000;

/** In order, without holes; possibly none. */
export async function directBatch(reader: DirectReader, range: DirectRange): Promise<StoredRecord[]> {
  return (await directMessages(reader, range)).map(toRecord);
}

/** The same, as they are stored. The subject may have wildcards. */
export async function directRawBatch(reader: DirectReader, range: DirectRange): Promise<RawRecord[]> {
  return (await directMessages(reader, range)).map(toRawRecord);
}

type DirectMessage = Msg & { readonly headers: MsgHdrs };

async function directMessages(reader: DirectReader, range: DirectRange): Promise<DirectMessage[]> {
  const messages: DirectMessage[] = [];
  if (!reader.connection.isUp) return messages;
  const ended = Promise.withResolvers<void>();
  using _listening = reader.connection.listen({ lost: () => ended.resolve(), refused: () => ended.resolve() });
  let stall = reader.world.schedule(stallMs, ended.resolve);
  const inbox = reader.connection.createInbox();
  const subscription = reader.connection.nc.subscribe(inbox, {
    callback: (error, message) => {
      stall[Symbol.dispose]();
      if (error !== null || !isStored(message) || positionOf(message) > range.upTo) return ended.resolve();
      messages.push(message);
      stall = reader.world.schedule(stallMs, ended.resolve);
    },
  });
  const query = { seq: range.from, next_by_subj: range.subject, batch: batchMax };
  reader.connection.nc.publish(`$JS.API.DIRECT.GET.${range.stream}`, JSON.stringify(query), { reply: inbox });
  await ended.promise;
  stall[Symbol.dispose]();
  subscription.unsubscribe();
  return messages;
}

/** Else it is the status that ends an answer. */
const isStored = (message: Msg): message is DirectMessage => message.headers?.code === 0;

const positionOf = ({ headers }: DirectMessage): Position => position(Number(headers.get('Nats-Sequence')));

const toRecord = (message: DirectMessage): StoredRecord => ({
  subject: message.headers.get('Nats-Subject'),
  position: positionOf(message),
  storedTs: rfc3339ToMs(message.headers.get('Nats-Time-Stamp')),
  body: message.data,
});

/** What the server adds to an answer, and nobody stored. */
const answerHeaders = new Set([
  'Nats-Stream',
  'Nats-Subject',
  'Nats-Sequence',
  'Nats-Time-Stamp',
  'Nats-Last-Sequence',
  'Nats-Num-Pending',
]);

const toRawRecord = (message: DirectMessage): RawRecord => ({
  subject: message.headers.get('Nats-Subject'),
  position: positionOf(message),
  time: message.headers.get('Nats-Time-Stamp'),
  headers: Object.fromEntries(
    message.headers
      .keys()
      .filter((key) => !answerHeaders.has(key))
      .map((key) => [key, message.headers.get(key)]),
  ),
  body: message.data,
});

// Many messages of one subject by one request, from whichever replica answers. It may lag: what comes is a beginning of what
// there is, never the proof of its end. (The client library's `getBatch` leaves its subscription behind for five seconds.)
import type { World } from '@parley/domain';
import { position } from '@parley/domain';
import type { Msg } from '@nats-io/transport-node';
import type { StoredRecord } from './codec.ts';
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
  const records: StoredRecord[] = [];
  if (!reader.connection.isUp) return records;
  const ended = Promise.withResolvers<void>();
  using _listening = reader.connection.listen({ lost: () => ended.resolve(), refused: () => ended.resolve() });
  let stall = reader.world.schedule(stallMs, ended.resolve);
  const inbox = reader.connection.createInbox();
  const subscription = reader.connection.nc.subscribe(inbox, {
    callback: (error, message) => {
      stall[Symbol.dispose]();
      const record = error === null ? toRecord(message) : undefined;
      if (record === undefined || record.position > range.upTo) return ended.resolve();
      records.push(record);
      stall = reader.world.schedule(stallMs, ended.resolve);
    },
  });
  const query = { seq: range.from, next_by_subj: range.subject, batch: batchMax };
  reader.connection.nc.publish(`$JS.API.DIRECT.GET.${range.stream}`, JSON.stringify(query), { reply: inbox });
  await ended.promise;
  stall[Symbol.dispose]();
  subscription.unsubscribe();
  return records;
}

/** Undefined for the status that ends an answer. */
function toRecord({ headers, data }: Msg): StoredRecord | undefined {
  if (headers === undefined || headers.code !== 0) return undefined;
  return {
    subject: headers.get('Nats-Subject'),
    position: position(Number(headers.get('Nats-Sequence'))),
    storedTs: rfc3339ToMs(headers.get('Nats-Time-Stamp')),
    body: data,
  };
}

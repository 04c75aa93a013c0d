// Records of parked conversations as JSON in a stream of their own: `nats stream view PARKED` reads them.
import { headers } from '@nats-io/transport-node';
import { LogUnavailable, type World } from '@parley/domain';
import type { ParkedRecord, ParkedRecords } from '@parley/projections';
import { throwIfError, type ApiAnswer } from './api-error.ts';
import type { Connection } from './connection.ts';
import { RequestFailed, Requests } from './requests.ts';
import { parkedSubject } from './subjects.ts';

const publishTimeoutMs = 5_000;

export function natsParkedRecords(connection: Connection, world: World): ParkedRecords & Disposable {
  const requests = new Requests(connection, world);
  return {
    async keep(record) {
      const { projection, parked, event } = record;
      const id = headers();
      id.append('Nats-Msg-Id', idOf(record));
      const publication = {
        subject: parkedSubject(projection, parked.conversationId),
        payload: JSON.stringify({ ...record, parked: { position: parked.position, reason: parked.reason }, event }),
        headers: id,
        timeoutMs: publishTimeoutMs,
      };
      try {
        throwIfError((await requests.send(publication)).json<ApiAnswer>());
      } catch (cause) {
        if (cause instanceof RequestFailed) throw new LogUnavailable('PARKED', { cause });
        throw cause;
      }
    },
    [Symbol.dispose]: () => requests[Symbol.dispose](),
  };
}

const idOf = ({ projection, generation, parked }: ParkedRecord): string =>
  `${projection}-g${generation}-${parked.conversationId}-${parked.position}`;

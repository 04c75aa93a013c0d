// One publish of one record, and what came of it. A plain request, not the client's `js.publish`: the same frames and the
// same codes, less work for each message, and the injected world's timers.
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { type ApiAnswer } from './api-error.ts';
import type { EncodedEvent } from './codec.ts';
import { RequestFailed, type RequestFailure, type Requests } from './requests.ts';

export type PublishOutcome =
  | { readonly type: 'Stored'; readonly seq: number; readonly duplicate: boolean }
  /** JetStream's number, or why there was no answer. */
  | { readonly type: 'Failed'; readonly code: number | RequestFailure };

/** A record ready to be sent, once or again. */
export interface Publication {
  readonly subject: string;
  readonly headers: MsgHdrs;
  readonly body: Uint8Array;
}

interface PubAck extends ApiAnswer {
  readonly stream: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
}

export class Publisher {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  prepare({ subject, headers: values, body }: EncodedEvent): Publication {
    const prepared = headers();
    for (const [name, value] of values) prepared.append(name, value);
    return { subject, headers: prepared, body };
  }

  async publish({ subject, headers: prepared, body }: Publication, timeoutMs: number): Promise<PublishOutcome> {
    try {
      const reply = await this.#requests.send({ subject, payload: body, headers: prepared, timeoutMs });
      return toOutcome(reply.json<PubAck>());
    } catch (error) {
      if (error instanceof RequestFailed) return { type: 'Failed', code: error.reason };
      throw error;
    }
  }
}

function toOutcome({ error, seq, duplicate }: PubAck): PublishOutcome {
  if (error !== undefined) return { type: 'Failed', code: error.err_code ?? error.code };
  if (seq === undefined) throw new Error('a PubAck without error and without sequence');
  return { type: 'Stored', seq, duplicate: duplicate ?? false };
}

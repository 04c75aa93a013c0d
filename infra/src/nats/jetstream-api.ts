// The JetStream API as the log uses it: requests that only a stream's leader answers, so that what they say is never stale
// (docs/jetstream.md). Each is repeated while the leader cannot be reached, up to a limit.
import { LogUnavailable, position, type Position, type TimestampMs, type World } from '@parley/domain';
import { API_CODES, ApiError, throwIfError, type ApiAnswer } from './api-error.ts';
import type { StoredRecord } from './codec.ts';
import { parseHeaders, type RawRecord } from './raw-record.ts';
import { RequestFailed, type Requests } from './requests.ts';
import { retryDelayMs } from './retry-delay.ts';
import { rfc3339ToMs } from './timestamps.ts';

const API_LIMITS = {
  attemptTimeoutMs: 1_000,
  /** Then a request answers LogUnavailable. */
  giveUpAfterMs: 8_000,
} as const;

export interface StreamHead {
  readonly position: Position;
  /** The leader's clock when it answered. */
  readonly serverTs: TimestampMs;
}

/** As JetStream says it, as far as it is looked at here. */
export interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
}

export type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly seq: number; readonly next_by_subj: string };

export class JetStreamApi {
  readonly #requests: Requests;
  readonly #world: World;

  constructor(requests: Requests, world: World) {
    this.#requests = requests;
    this.#world = world;
  }

  async head(stream: string, signal?: AbortSignal): Promise<StreamHead> {
    const answer = await this.ask<StreamInfoAnswer>(`STREAM.INFO.${stream}`, {}, signal);
    return { position: position(answer.state.last_seq), serverTs: rfc3339ToMs(answer.ts) };
  }

  async state(stream: string): Promise<StreamState> {
    return (await this.ask<StreamInfoAnswer>(`STREAM.INFO.${stream}`)).state;
  }

  /** The message from the leader (never a direct get); undefined when there is none. */
  async message(stream: string, query: MessageQuery): Promise<StoredRecord | undefined> {
    const message = await this.#message(stream, query);
    return (
      message && {
        subject: message.subject,
        position: position(message.seq),
        storedTs: rfc3339ToMs(message.time),
        body: Buffer.from(message.data ?? '', 'base64'),
      }
    );
  }

  /** The same, as it is stored. */
  async rawMessage(stream: string, query: MessageQuery): Promise<RawRecord | undefined> {
    const message = await this.#message(stream, query);
    return (
      message && {
        subject: message.subject,
        position: position(message.seq),
        time: message.time,
        headers: parseHeaders(Buffer.from(message.hdrs ?? '', 'base64').toString()),
        body: Buffer.from(message.data ?? '', 'base64'),
      }
    );
  }

  async #message(stream: string, query: MessageQuery): Promise<MessageAnswer['message'] | undefined> {
    try {
      return (await this.ask<MessageAnswer>(`STREAM.MSG.GET.${stream}`, query)).message;
    } catch (error) {
      if (error instanceof ApiError && error.code === API_CODES.NoMessageFound) return undefined;
      throw error;
    }
  }

  /** Rejects with ApiError when JetStream refuses, with LogUnavailable when it cannot be asked or the signal aborts. */
  async ask<Answer extends ApiAnswer>(call: string, request: object = {}, signal?: AbortSignal): Promise<Answer> {
    const askedTs = this.#world.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await untilAborted(this.#askOnce<Answer>(call, request), signal);
      } catch (cause) {
        if (!mayPass(cause)) throw cause;
        const isHopeless = cause instanceof RequestFailed && cause.reason === 'closed';
        const isLate = this.#world.now() - askedTs > API_LIMITS.giveUpAfterMs;
        if (isHopeless || isLate) throw new LogUnavailable(call, { cause });
        await this.#world.sleep(retryDelayMs(this.#world, attempt), signal);
      }
    }
  }

  async #askOnce<Answer extends ApiAnswer>(call: string, request: object): Promise<Answer> {
    const reply = await this.#requests.send({
      subject: `$JS.API.${call}`,
      payload: JSON.stringify(request),
      timeoutMs: API_LIMITS.attemptTimeoutMs,
    });
    const answer = reply.json<Answer>();
    throwIfError(answer);
    return answer;
  }
}

/** Rejects at once when the signal aborts; the request's own end is then nobody's business. */
async function untilAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal === undefined) return answer;
  using aborted = abortion(signal);
  return await Promise.race([answer, aborted.promise]);
}

function abortion(signal: AbortSignal): Disposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new RequestFailed('closed'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', abort) };
}

const mayPass = (error: unknown): boolean =>
  error instanceof RequestFailed || (error instanceof ApiError && error.isTemporary);

interface StreamInfoAnswer extends ApiAnswer {
  readonly state: StreamState;
  readonly ts: string;
}

interface MessageAnswer extends ApiAnswer {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly time: string;
    readonly data?: string;
    readonly hdrs?: string;
  };
}

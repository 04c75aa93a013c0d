// A stream's files as JetStream's snapshot API gives them: a compressed archive in chunks, the next ones sent as the former ones are
// acknowledged, so that neither side holds more than a window of it. What is done with them is `../backup/`.
import type { World } from '@parley/domain';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { throwIfError, type ApiAnswer } from './api-error.ts';
import type { Connection } from './connection.ts';
import type { StreamState } from './jetstream-api.ts';
import type { Requests } from './requests.ts';

const SNAPSHOT = {
  chunkBytes: 128 * 1024,
  /** Sent and not yet acknowledged. */
  windowBytes: 2 * 1024 * 1024,
  /** Until the first chunk: a server that checks every message first reads the whole stream. */
  answerMsMax: 30 * 60_000,
  silenceMsMax: 30_000,
} as const;

/** The stream was not given whole: what came of it is worth nothing. */
export class SnapshotFailed extends Error {
  override readonly name = 'SnapshotFailed';

  constructor(stream: string, reason: string) {
    super(`the snapshot of ${stream} failed: ${reason}`);
  }
}

export interface StreamSnapshot {
  readonly config: { readonly name: string };
  /** When the snapshot began: what was appended while it was taken may be in it, too. */
  readonly state: StreamState;
  /** To be read once, to the end. Throws SnapshotFailed. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface SnapshotOptions {
  readonly connection: Connection;
  readonly requests: Requests;
  readonly world: World;
  readonly signal: AbortSignal;
  /** The server reads every message and compares its checksum first. Appends to the stream wait for it. */
  readonly isChecked: boolean;
}

/** Throws ApiError, RequestFailed, SnapshotFailed or PermissionDenied. */
export async function snapshotStream(options: SnapshotOptions, stream: string): Promise<StreamSnapshot> {
  const { connection, requests, isChecked } = options;
  const inbox = connection.createInbox();
  const subscription = connection.nc.subscribe(inbox);
  try {
    const reply = await requests.send({
      subject: `$JS.API.STREAM.SNAPSHOT.${stream}`,
      payload: JSON.stringify({
        deliver_subject: inbox,
        no_consumers: true,
        jsck: isChecked,
        chunk_size: SNAPSHOT.chunkBytes,
        window_size: SNAPSHOT.windowBytes,
      }),
      timeoutMs: SNAPSHOT.answerMsMax,
    });
    const answer = reply.json<SnapshotAnswer>();
    throwIfError(answer);
    const { config, state } = answer;
    return { config, state, chunks: chunksOf(stream, subscription, options) };
  } catch (error) {
    subscription.unsubscribe();
    throw error;
  }
}

interface SnapshotAnswer extends ApiAnswer {
  readonly config: { readonly name: string };
  readonly state: StreamState;
}

async function* chunksOf(
  stream: string,
  subscription: Subscription,
  options: SnapshotOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  using ended = endings(subscription, options);
  let chunks = 0;
  if (options.signal.aborted) throw new SnapshotFailed(stream, ended.reason());
  for await (const message of subscription) {
    ended.heard();
    if (message.data.length === 0) return assertWhole(stream, message);
    const { reply = '' } = message;
    // `….<bytes>.<number>`; the last chunk, unless it is full, asks for no acknowledgement.
    if (reply !== '' && Number(reply.split('.').at(-1)) !== ++chunks) {
      throw new SnapshotFailed(stream, `chunk ${chunks} is missing`);
    }
    yield message.data;
    // Only now: whoever writes slowly is sent no more than a window.
    if (reply !== '') options.connection.nc.publish(reply);
  }
  throw new SnapshotFailed(stream, ended.reason());
}

/** An empty message ends it; a status other than 204 says that something went wrong on the way. */
function assertWhole(stream: string, { headers }: Msg): void {
  if (headers !== undefined && headers.code !== 0 && headers.code !== 204) {
    throw new SnapshotFailed(stream, headers.description);
  }
}

/** Whatever makes waiting senseless ends the subscription, and says so. */
function endings(subscription: Subscription, { connection, world, signal }: SnapshotOptions) {
  let reason = 'the server ended it';
  const end = (why: string): void => {
    reason = why;
    subscription.unsubscribe();
  };
  const stop = (): void => end('it was interrupted');
  const watch = (): Disposable =>
    world.schedule(SNAPSHOT.silenceMsMax, () => end(`nothing came for ${SNAPSHOT.silenceMsMax / 1_000} s`));
  let watchdog = watch();
  const listening = connection.listen({ lost: () => end('the connection was lost') });
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return {
    reason: () => reason,
    heard(): void {
      watchdog[Symbol.dispose]();
      watchdog = watch();
    },
    [Symbol.dispose](): void {
      watchdog[Symbol.dispose]();
      listening[Symbol.dispose]();
      signal.removeEventListener('abort', stop);
      subscription.unsubscribe();
    },
  };
}

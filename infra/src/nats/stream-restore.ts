// A stream made from its snapshot (`stream-snapshot.ts`), chunk by chunk, each when the server has taken the one before. JetStream
// makes the stream visible when it has read all of it; one that exists it refuses to touch.
import { throwIfError, type ApiAnswer } from './api-error.ts';
import type { StreamState } from './jetstream-api.ts';
import { RequestFailed, type Requests } from './requests.ts';
import { SnapshotFailed } from './stream-snapshot.ts';

const RESTORE = {
  /** The server gives up when it is busy with one for five seconds: it is compressed, up to a thousandfold. */
  chunkBytes: 32 * 1024,
  /** A cluster first places the stream. */
  answerMsMax: 30_000,
  chunkMsMax: 30_000,
  /** After the last chunk the server reads what it was given. */
  readMsMax: 60 * 60_000,
} as const;

export const restoreChunkBytes = RESTORE.chunkBytes;

export interface RestoreOptions {
  readonly requests: Requests;
  readonly signal: AbortSignal;
  /** The server has begun: from here on there may be something to take away. */
  readonly begun: () => void;
}

export interface StreamToRestore {
  /** What the stream is to be; its name has to be that of the snapshot. */
  readonly config: { readonly name: string };
  readonly state: object;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Creates the stream from a snapshot; what it then holds. Throws ApiError (there is one already), RequestFailed or PermissionDenied. */
export async function restoreStream(
  { requests, signal, begun }: RestoreOptions,
  { config, state, chunks }: StreamToRestore,
): Promise<StreamState> {
  const ask = async <Answer extends ApiAnswer>(subject: string, payload: Uint8Array | string, timeoutMs: number) => {
    const reply = await requests.send({ subject, payload, timeoutMs });
    const answer = reply.data.length === 0 ? undefined : reply.json<Answer>();
    if (answer) throwIfError(answer);
    return answer;
  };
  const request = JSON.stringify({ config, state });
  const call = `$JS.API.STREAM.RESTORE.${config.name}`;
  const accepted = await ask<RestoreAnswer>(call, request, RESTORE.answerMsMax);
  if (accepted === undefined) throw new SnapshotFailed(config.name, 'the server did not say where to send it');
  begun();
  for await (const chunk of chunks) {
    if (signal.aborted) throw new RequestFailed('closed');
    await ask(accepted.deliver_subject, chunk, RESTORE.chunkMsMax);
  }
  const created = await ask<StreamCreatedAnswer>(accepted.deliver_subject, '', RESTORE.readMsMax);
  if (created === undefined) throw new SnapshotFailed(config.name, 'the server did not say what it restored');
  return created.state;
}

interface RestoreAnswer extends ApiAnswer {
  readonly deliver_subject: string;
}

interface StreamCreatedAnswer extends ApiAnswer {
  readonly state: StreamState;
}

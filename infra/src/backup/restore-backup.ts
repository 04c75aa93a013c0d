// A backup into a NATS that has none of its streams: sums first, then the streams, then the deployment, in a new epoch. Nobody finds a
// deployment before all of it is there. What is not in a backup (read models, checkpoints, sessions) is made anew.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { World } from '@parley/domain';
import { API_CODES, ApiError } from '../nats/api-error.ts';
import { createRestoredDeployment } from '../nats/deployment.ts';
import type { Connection, Deployment } from '../nats/index.ts';
import { JetStreamApi, type StreamState } from '../nats/jetstream-api.ts';
import { Requests } from '../nats/requests.ts';
import { restoreChunkBytes, restoreStream } from '../nats/stream-restore.ts';
import { SnapshotFailed } from '../nats/stream-snapshot.ts';
import { declaredConfig, existingStreams } from '../nats/streams.ts';
import { archiveFile, BackupRefused, readManifest, streamFile, type Manifest, type StreamFile } from './manifest.ts';

type Progress = (doneBytes: number, totalBytes: number) => void;

export interface CheckedBackup {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Reads all of it and compares sums. Throws BackupRefused. */
export async function checkBackup(directory: string, progress?: Progress): Promise<CheckedBackup> {
  const manifest = await readManifest(directory);
  const total = bytesOf(manifest);
  let done = 0;
  for (const file of manifest.streams) {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of archive(directory, file)) {
      hash.update(chunk);
      bytes += chunk.length;
      progress?.(done + bytes, total);
    }
    done += bytes;
    if (bytes !== file.bytes || hash.digest('hex') !== file.sha256) throw damaged(directory, file);
    await readSnapshotState(directory, file);
  }
  return { directory, manifest };
}

const bytesOf = ({ streams }: Manifest): number => streams.reduce((sum, { bytes }) => sum + bytes, 0);

async function* archive(directory: string, file: StreamFile): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const stream = createReadStream(archiveFile(directory, file.name), { highWaterMark: restoreChunkBytes });
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw damaged(directory, file, cause);
  }
}

const damaged = (directory: string, { name }: StreamFile, cause?: unknown): BackupRefused =>
  new BackupRefused(
    `${directory} is damaged: ${name} is not what the manifest says. Nothing was restored: use another copy of this backup, or an older one`,
    { cause },
  );

interface Snapshot {
  readonly config: { readonly name: string };
  readonly state: StreamState;
}

async function readSnapshotState(directory: string, file: StreamFile): Promise<Snapshot> {
  try {
    const snapshot = JSON.parse(await readFile(streamFile(directory, file.name), 'utf8')) as Snapshot;
    if (snapshot.config.name === file.name && snapshot.state.last_seq === file.lastSeq) return snapshot;
  } catch (cause) {
    throw damaged(directory, file, cause);
  }
  throw damaged(directory, file);
}

export interface RestoreBackupOptions {
  readonly connection: Connection;
  readonly world: World;
  readonly backup: CheckedBackup;
  readonly replicas: 1 | 3;
  /** The highest log epoch there ever was, where that may be above the backup's: when this is not the first restore after it. */
  readonly lastEpoch?: number;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** Throws BackupRefused when there is something already; what fails later takes away what it restored. */
export async function restoreBackup(options: RestoreBackupOptions): Promise<Deployment> {
  const { connection, world, backup, replicas, lastEpoch = 0 } = options;
  const { shards, logEpoch, settings } = backup.manifest;
  using requests = new Requests(connection, world);
  const api = new JetStreamApi(requests, world);
  const existing = await existingStreams(api, shards);
  if (existing.length > 0) throw notEmpty(existing);
  const begun: string[] = [];
  try {
    await restoreStreams({ ...options, requests, begun });
    const next = { settings, logEpoch: Math.max(logEpoch, lastEpoch) + 1 };
    return await createRestoredDeployment({ connection, world, shards, replicas }, next);
  } catch (error) {
    await removeStreams(api, begun);
    throw error;
  }
}

const notEmpty = (streams: readonly string[]): BackupRefused =>
  new BackupRefused(
    `there are streams already (${streams.slice(0, 3).join(', ')}${streams.length > 3 ? ', …' : ''}): a backup is restored into a NATS ` +
      'in which no deployment was set up. Should these be left from a restore that was killed, remove them: nats stream rm <name>',
  );

type Restoring = RestoreBackupOptions & { readonly requests: Requests; readonly begun: string[] };

async function restoreStreams(restoring: Restoring): Promise<void> {
  const { backup, replicas, requests, begun, signal = new AbortController().signal } = restoring;
  const { directory, manifest } = backup;
  const total = bytesOf(manifest);
  let done = 0;
  async function* counted(file: StreamFile) {
    for await (const chunk of archive(directory, file)) {
      yield chunk;
      restoring.progress?.((done += chunk.length), total);
    }
  }
  for (const file of manifest.streams) {
    const { config, state } = await readSnapshotState(directory, file);
    const restored = await restoreStream(
      { requests, signal, begun: () => void begun.push(file.name) },
      { config: declaredConfig(config, { shards: manifest.shards, replicas }), state, chunks: counted(file) },
    );
    assertAllThere(file, restored);
  }
}

/** What was appended while the snapshot was taken may be there besides. */
function assertAllThere({ name, messages, lastSeq }: StreamFile, restored: StreamState): void {
  if (restored.last_seq >= lastSeq && restored.messages >= messages) return;
  const found = `${restored.messages} messages up to ${restored.last_seq}`;
  throw new SnapshotFailed(name, `the server made ${found} of ${messages} up to ${lastSeq}`);
}

/** All that this restore made; that the stream under way was taken away by the server is as good. */
async function removeStreams(api: JetStreamApi, streams: readonly string[]): Promise<void> {
  for (const stream of streams) {
    await api.ask(`STREAM.DELETE.${stream}`).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.code === API_CODES.StreamNotFound)) throw error;
    });
  }
}

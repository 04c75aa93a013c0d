// A backup of a system that goes on serving: a snapshot of each shard's stream in a folder of its own, then the manifest. Each shard is
// an order of its own, and so is its snapshot: a conversation, which lies in one shard, is whole up to where that one ends; there is no
// moment that all shards were at (docs/backup.md).
import { createHash } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { allShards, type World } from '@parley/domain';
import { EVENT_TYPES } from '../nats/event-types.ts';
import { readSettings } from '../nats/deployment.ts';
import type { Connection, Deployment } from '../nats/index.ts';
import { JetStreamApi } from '../nats/jetstream-api.ts';
import { Requests } from '../nats/requests.ts';
import { snapshotStream, SnapshotFailed, type SnapshotOptions } from '../nats/stream-snapshot.ts';
import { chatStream } from '../nats/subjects.ts';
import {
  archiveFile,
  BackupRefused,
  streamFile,
  syncDirectory,
  writeDurably,
  writeManifest,
  type Manifest,
  type StreamFile,
} from './manifest.ts';

export interface TakeBackupOptions {
  readonly connection: Connection;
  readonly world: World;
  readonly deployment: Deployment;
  /** Made when it is missing; refused when there is something in it. */
  readonly directory: string;
  /** Have the server check each message first: appends to the shard under way wait for it. */
  readonly isChecked?: boolean;
  readonly signal?: AbortSignal;
  /** In bytes of the streams: archives are smaller. */
  readonly progress?: (done: number, total: number) => void;
}

/** Resolves when all of it is on the disk. Throws BackupRefused, SnapshotFailed, RequestFailed, ApiError or PermissionDenied. */
export async function takeBackup(options: TakeBackupOptions): Promise<Manifest> {
  const { connection, world, deployment, directory, signal = new AbortController().signal } = options;
  await claim(directory);
  using requests = new Requests(connection, world);
  const from = new Date(world.now()).toISOString();
  const streams = allShards(deployment.shards).map(chatStream);
  const total = await bytesOf(new JetStreamApi(requests, world), streams);
  const files: StreamFile[] = [];
  let done = 0;
  for (const stream of streams) {
    const copying = { connection, requests, world, signal, isChecked: options.isChecked ?? false, directory };
    const before = done;
    const { file, streamBytes } = await copyStream(copying, stream, (bytes) =>
      options.progress?.(before + bytes, total),
    );
    files.push(file);
    done += streamBytes;
    options.progress?.(done, total);
  }
  const manifest: Manifest = {
    format: 1,
    takenAt: { from, to: new Date(world.now()).toISOString() },
    natsServer: connection.nc.info?.version ?? '',
    events: Object.fromEntries(Object.entries(EVENT_TYPES).map(([type, { version }]) => [type, version])),
    shards: deployment.shards,
    logEpoch: deployment.logEpoch,
    settings: await readSettings(connection),
    streams: files,
  };
  await writeManifest(directory, manifest);
  return manifest;
}

/** Into what is there nothing is written: it may be a backup, or half of one. */
async function claim(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) {
    throw new BackupRefused(`there is something in ${directory} already: name a directory that is empty, or new`);
  }
}

async function bytesOf(api: JetStreamApi, streams: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const stream of streams) bytes += (await api.state(stream)).bytes;
  return bytes;
}

interface Copying extends SnapshotOptions {
  readonly directory: string;
}

/** Into `<directory>/<stream>/`, as `nats stream backup` would. */
async function copyStream(copying: Copying, stream: string, progress: (bytes: number) => void) {
  const { directory, world } = copying;
  await mkdir(`${directory}/${stream}`);
  const takenAt = new Date(world.now()).toISOString();
  const { config, state, chunks } = await snapshotStream(copying, stream);
  const { bytes, sha256 } = await store(archiveFile(directory, stream), chunks, (sofar) =>
    progress(Math.min(sofar, state.bytes)),
  );
  await writeDurably(streamFile(directory, stream), JSON.stringify({ config, state }, undefined, 2));
  await syncDirectory(`${directory}/${stream}`);
  if (bytes === 0) throw new SnapshotFailed(stream, 'it was empty');
  const { messages, first_seq: firstSeq, last_seq: lastSeq } = state;
  const file: StreamFile = { name: stream, bytes, sha256, messages, firstSeq, lastSeq, takenAt };
  return { file, streamBytes: state.bytes };
}

async function store(file: string, chunks: AsyncIterable<Uint8Array>, progress: (bytes: number) => void) {
  const hash = createHash('sha256');
  let bytes = 0;
  await using handle = await open(file, 'wx');
  for await (const chunk of chunks) {
    await handle.writeFile(chunk);
    hash.update(chunk);
    bytes += chunk.length;
    progress(bytes);
  }
  await handle.sync();
  return { bytes, sha256: hash.digest('hex') };
}

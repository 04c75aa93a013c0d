// What a backup says of itself. It is written last, so that a directory without it is no backup: one that was interrupted cannot be
// taken for a whole one.
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import Type, { type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';

const count = Type.Integer({ minimum: 0 });

const StreamFileSchema = Type.Object({
  name: Type.String({ pattern: '^[A-Za-z0-9_]+$' }),
  /** Of the archive. */
  bytes: count,
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** When its snapshot began; it may hold more. */
  messages: count,
  firstSeq: count,
  lastSeq: count,
  takenAt: Type.String(),
});

const ManifestSchema = Type.Object({
  format: Type.Literal(1),
  takenAt: Type.Object({ from: Type.String(), to: Type.String() }),
  natsServer: Type.String(),
  /** The version that each event is written in by the build that took the backup. */
  events: Type.Record(Type.String(), count),
  shards: Type.Integer({ minimum: 1 }),
  logEpoch: Type.Integer({ minimum: 1 }),
  settings: Type.Record(Type.String(), Type.String()),
  streams: Type.Array(StreamFileSchema),
});

export type StreamFile = Readonly<Static<typeof StreamFileSchema>>;

export type Manifest = Readonly<Omit<Static<typeof ManifestSchema>, 'streams'>> & {
  readonly streams: readonly StreamFile[];
};

/** Nothing was changed: the message says why, and what to do. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
}

const manifestFile = (directory: string): string => path.join(directory, 'manifest.json');

/** Both are as `nats stream backup` writes them, so that `nats stream restore` can read each stream's folder. */
export const archiveFile = (directory: string, stream: string): string => path.join(directory, stream, 'stream.tar.s2');
export const streamFile = (directory: string, stream: string): string => path.join(directory, stream, 'backup.json');

/** All of it or nothing, and on the disk. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const draft = `${manifestFile(directory)}.partial`;
  await writeDurably(draft, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await rename(draft, manifestFile(directory));
  await syncDirectory(directory);
}

export async function writeDurably(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'w');
  await handle.writeFile(text);
  await handle.sync();
}

export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/** Throws BackupRefused. */
export async function readManifest(directory: string): Promise<Manifest> {
  const text = await readFile(manifestFile(directory), 'utf8').catch((cause: unknown) => {
    const reason = 'it has no manifest.json, so it was interrupted, or never was one: take another one';
    throw new BackupRefused(`${directory} is no whole backup: ${reason}`, { cause });
  });
  const manifest = parse(text);
  if (Check(ManifestSchema, manifest)) return manifest;
  const [first] = Errors(ManifestSchema, manifest);
  const where = `${first?.instancePath} ${first?.message}`;
  throw new BackupRefused(
    `${directory}/manifest.json is not of a format this build reads (${where}): use the build that wrote it`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // as wrong as any other
  }
}

// Where a backup is restored: a data directory without a log, for which a nats-server is started meanwhile, or the NATS of a fleet in
// which no deployment was set up.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { World } from '@parley/domain';
import { BackupRefused, type Manifest } from '@parley/infra/backup';
import { loadConfig, type Environment } from '@parley/infra/config';
import { deploymentSizing, natsOptions } from '@parley/infra/fleet';
import {
  connectNats,
  endOrphanedServer,
  lockDataDirectory,
  startNatsServer,
  type Connection,
} from '@parley/infra/nats';
import { WrongUsage } from './operate.ts';

export interface EmptyPlace extends AsyncDisposable {
  readonly name: string;
  /** For an operator: what to do once it is restored. */
  readonly next: string;
  /** Throws WrongUsage when the configuration wants something else than the backup is. */
  assertFits(manifest: Manifest): void;
  connect(): Promise<{ readonly connection: Connection; readonly replicas: 1 | 3 }>;
  /** What was restored is whole. Without this, disposing leaves the place as it was. */
  keep(): Promise<void>;
}

/** Throws ConfigError, DataDirectoryInUse, NatsUnreachable or BackupRefused. */
export const openEmptyPlace = (environment: Environment, world: World): Promise<EmptyPlace> =>
  environment['PARLEY_NATS_URL'] ? openFleet(environment) : openDataDirectory(environment, world);

const assertShards = (asked: number | undefined, { shards }: Manifest): void => {
  if (asked === undefined || asked === shards) return;
  throw new WrongUsage(`PARLEY_SHARDS is ${asked}, the backup has ${shards}, and that never changes: leave it out`);
};

async function openFleet(environment: Environment): Promise<EmptyPlace> {
  const config = loadConfig('fleet', environment);
  const { replicas, shards } = deploymentSizing(config);
  const connection = await connectNats({ ...natsOptions(config), name: 'parley-cli', role: 'operator' });
  return {
    name: config.natsUrl.join(','),
    next: "start the fleet's processes",
    assertFits: (manifest) => assertShards(shards, manifest),
    connect: async () => ({ connection, replicas }),
    keep: async () => undefined, // a restore that fails takes away its streams
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** The log is made in a folder beside its place, and moved there when it is whole: a standalone never starts on half of one. */
async function openDataDirectory(environment: Environment, world: World): Promise<EmptyPlace> {
  const { dataDir, natsServer: binary, shards } = loadConfig('standalone', environment);
  const place = path.join(dataDir, 'log');
  const draft = path.join(dataDir, 'restoring');
  await using opening = new AsyncDisposableStack();
  opening.use(await lockDataDirectory(dataDir));
  await assertEmpty(place);
  const server = { binary, dataDirectory: draft, world, onEvent: () => undefined };
  await endOrphanedServer(server);
  await rm(draft, { recursive: true, force: true });
  opening.defer(() => rm(draft, { recursive: true, force: true }));
  const parts = opening.move();
  const running = new AsyncDisposableStack();
  parts.use(running);
  return {
    name: path.resolve(dataDir),
    next: 'start it',
    assertFits: (manifest) => assertShards(shards, manifest),
    async connect() {
      await mkdir(draft);
      const { url } = running.use(await startNatsServer(server));
      return { connection: running.use(await connectNats({ servers: url, name: 'parley-cli' })), replicas: 1 };
    },
    async keep() {
      await running.disposeAsync();
      await rm(place, { recursive: true, force: true }); // it is empty
      await rename(path.join(draft, 'log'), place);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function assertEmpty(log: string): Promise<void> {
  const found = await readdir(log).catch((): string[] => []);
  if (found.length === 0) return;
  const what = 'name an empty data directory by PARLEY_DATA_DIR, or move that log away';
  throw new BackupRefused(
    `there is a log in ${path.resolve(log)}, and a backup is restored where there is none: ${what}`,
  );
}

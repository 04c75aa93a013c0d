// A nats-server on the store of a standalone that does not run yet, which syncs now and then only: made logs are filled ten times as
// fast, and whoever measures starts the real one on it afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connectNats, createDeployment, serverConfig } from '@parley/infra/nats';
import { createWorld, freePort } from '@parley/infra/runtime';
import { importLog, type Imported, type ImportOptions } from './import-log.ts';

const startMsMax = 60_000;

export interface FillOptions extends Pick<ImportOptions, 'shards' | 'scripts' | 'events' | 'onProgress'> {
  /** Of the standalone; empty. */
  readonly dataDir: string;
}

const natsServer =
  process.env['PARLEY_NATS_SERVER'] ?? path.resolve(import.meta.dirname, '../../.runtime/services/nats-server');

/** Resolves when the server is gone and the data directory free. */
export async function fillDataDirectory({ dataDir, ...options }: FillOptions): Promise<Imported> {
  await using server = await startFillingServer(dataDir);
  const world = createWorld();
  const wait = { world, msMax: startMsMax };
  await using connection = await connectNats({ servers: server.url, name: 'parley-import', wait });
  await createDeployment({ connection, world, shards: options.shards, replicas: 1 });
  return await importLog({ ...options, connection });
}

async function startFillingServer(dataDir: string): Promise<AsyncDisposable & { readonly url: string }> {
  const storeDirectory = path.join(dataDir, 'log');
  await mkdir(storeDirectory, { recursive: true });
  const listen = `127.0.0.1:${await freePort()}`;
  const configFile = path.join(dataDir, 'filling.conf');
  await writeFile(configFile, serverConfig({ name: 'parley', listen, storeDirectory, syncInterval: '10s' }));
  const child = spawn(natsServer, ['-c', configFile], { stdio: 'ignore' });
  return {
    url: `nats://${listen}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

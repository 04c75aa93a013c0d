// nats-server for standalone: one on one data directory, ended with its parent. One that a killed parent left behind is ended
// before a new one starts: two servers on one store would destroy it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { World } from '@parley/domain';
import { freePort } from '../runtime/free-port.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { endProcess, processesRunning } from '../runtime/processes.ts';
import { serverArguments, serverConfigFile, writeServerConfig } from './server-config-file.ts';
import { ServerSupervisor, SUPERVISION, type SupervisionEvent } from './server-supervisor.ts';

export type NatsServerEvent = SupervisionEvent | { readonly type: 'OrphanEnded'; readonly pid: number };

export interface NatsServerOptions {
  readonly binary: string;
  /** JetStream's store is `log/` in it. */
  readonly dataDirectory: string;
  /** A free one when not given. */
  readonly port?: number;
  readonly world: World;
  readonly onEvent: (event: NatsServerEvent) => void;
}

/** Dispose it last: the server ends, then the data directory is free. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  /** Of the server running now; undefined between a death and the restart. */
  readonly pid: number | undefined;
}

/** Resolves when JetStream answers. Throws DataDirectoryInUse, or an Error that names the server's log. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { binary, dataDirectory, world, onEvent } = options;
  await using starting = new AsyncDisposableStack();
  starting.use(await lockDataDirectory(dataDirectory));
  const port = options.port ?? (await freePort());
  const configFile = await writeServerConfig(dataDirectory, port);
  await endOrphans(configFile, options);
  const url = `nats://127.0.0.1:${port}`;
  const errorFile = path.join(dataDirectory, 'nats-server.err');
  const supervisor = starting.use(new ServerSupervisor({ binary, configFile, errorFile, url, world, onEvent }));
  await supervisor.start();
  const running = starting.move();
  return {
    url,
    get pid() {
      return supervisor.pid;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Ends the server that a killed process left on this data directory, should there be one. Whoever calls holds a lock of its own. */
export async function endOrphanedServer(options: Omit<NatsServerOptions, 'port'>): Promise<void> {
  if (!existsSync(options.dataDirectory)) return;
  await endOrphans(await serverConfigFile(options.dataDirectory), options);
}

/** The configuration's path is this directory's own: who was started with it is ours, and its parent is gone (we hold the lock). */
async function endOrphans(
  configFile: string,
  { binary, world, onEvent }: Omit<NatsServerOptions, 'port'>,
): Promise<void> {
  for (const orphan of processesRunning(binary, ...serverArguments(configFile))) {
    await endProcess(orphan, world, SUPERVISION.stopWithinMs);
    onEvent({ type: 'OrphanEnded', pid: orphan.pid });
  }
}

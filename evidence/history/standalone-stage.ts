// A standalone server with proxies at both its doors: before its sockets, and between it and its nats-server.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@parley/infra/runtime';
import { eventually } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { changedBuild, type Change } from './changed-build.ts';
import { FaultProxy } from './fault-proxy.ts';
import { natsServerOnPort } from './nats-behind-proxy.ts';
import { lastsMsUsual, linkFaults, type Fault, type Stage } from './stage.ts';

export interface StandaloneStage extends Stage {
  readonly standalone: StandaloneProcess;
  readonly proxies: { readonly clients: FaultProxy; readonly log: FaultProxy };
}

/** The file is empty while it is written. */
function natsPidOf(standalone: StandaloneProcess): number {
  const { natsPid } = standalone;
  return Number.isNaN(natsPid) ? 0 : natsPid;
}

const program = (): string =>
  process.env['PARLEY_NATS_SERVER'] ?? path.resolve(import.meta.dirname, '../../.runtime/services/nats-server');

export interface StandaloneStageOptions {
  /** Of the build. */
  readonly changes?: readonly Change[];
  readonly lastsMs?: number;
}

export async function startStandaloneStage(options: StandaloneStageOptions = {}): Promise<StandaloneStage> {
  const { changes = [], lastsMs = lastsMsUsual } = options;
  await using starting = new AsyncDisposableStack();
  const natsPort = await freePort();
  const script = natsServerOnPort(program(), natsPort);
  starting.defer(() => rmSync(path.dirname(script), { recursive: true }));
  const log = starting.use(await FaultProxy.start({ target: () => ({ host: '127.0.0.1', port: natsPort }) }));
  const standalone = starting.use(
    await StandaloneProcess.start({
      PARLEY_NATS_SERVER: script,
      PARLEY_NATS_PORT: `${log.port}`,
      PARLEY_LOG_LEVEL: 'warn',
      PARLEY_DRAIN_MS: '1000',
      ...changedBuild(changes),
    }),
  );
  const clients = starting.use(
    await FaultProxy.start({ target: () => ({ host: '127.0.0.1', port: standalone.port }) }),
  );
  const proxies = { clients, log };
  const running = starting.move();
  return {
    standalone,
    proxies,
    clientUrl: () => `http://${clients.address}`,
    directUrl: () => standalone.base,
    token: (userId) => standalone.token(userId),
    faults: [
      ...processFaults(standalone, lastsMs),
      ...linkFaults('clients and gateway', [clients], lastsMs),
      ...linkFaults('gateway and log', [log], lastsMs),
    ],
    async heal() {
      await Promise.all([clients.heal(), log.heal()]);
      await standalone.ready();
    },
    readLog: () => standalone.readLog(),
    readRows: () => standalone.readStoredRows(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function processFaults(standalone: StandaloneProcess, lastsMs: number): readonly Fault[] {
  const freeze = (what: string, pid: () => number): Fault => ({
    name: `freeze ${what} ${lastsMs / 1_000} s`,
    group: 'freeze',
    async inflict() {
      const frozen = pid();
      process.kill(frozen, 'SIGSTOP');
      await pause(lastsMs);
      process.kill(frozen, 'SIGCONT');
    },
  });
  return [
    {
      name: 'kill -9 nats-server',
      group: 'kill',
      async inflict() {
        const { natsPid } = standalone;
        standalone.killNats();
        await eventually('standalone has started another', () => natsPidOf(standalone) !== natsPid);
      },
    },
    {
      name: 'kill -9 the server, not its nats-server',
      group: 'kill',
      async inflict() {
        await standalone.killParent();
        await standalone.start();
      },
    },
    {
      name: 'kill -9 everything',
      group: 'kill',
      async inflict() {
        await standalone.killTree();
        await standalone.start();
      },
    },
    freeze('nats-server', () => standalone.natsPid),
    freeze('the server', () => standalone.pid ?? 0),
  ];
}

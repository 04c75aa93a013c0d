// The whole system in this process, on a real nats-server and real SQLite files, with parts that a test may take away: the
// projector, single publishes to gateways, the clock, the log's memory of ids.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runDelivery } from '@parley/delivery';
import type { DeliveryBatch, GatewayBus, SessionRegistry, UserId, World } from '@parley/domain';
import { createGateway, type Gateway } from '@parley/gateway';
import { loadConfig } from '@parley/infra/config';
import { createRateBuckets, createSessionRegistry } from '@parley/infra/memory';
import {
  connectNats,
  natsGatewayBus,
  NatsEventLog,
  openCheckpoints,
  createDeployment,
  startNatsServer,
} from '@parley/infra/nats';
import { createWorld, digest } from '@parley/infra/runtime';
import { openSqlite } from '@parley/infra/sqlite';
import { createReadSide, fixedGeneration } from '@parley/projections';
import { runProjector } from '@parley/projector';
import { RecordingClient } from '@parley/proof';
import { observe } from '../src/observe.ts';
import { shardsWhenNew, standaloneGateway } from '../src/settings.ts';

export interface SystemOptions {
  /** True loses this publish on its way to the gateway. */
  readonly loses?: (batch: DeliveryBatch) => boolean;
  /** Then others deliver, in processes of their own, which look up sessions here. */
  readonly deliveredByOthers?: SessionRegistry;
  /** The gateway noticed that it may have missed something. */
  readonly onResync?: (reason: string) => void;
}

export interface System extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly natsUrl: string;
  readonly socketUrl: string;
  readonly dataDir: string;
  stopProjector(): Promise<void>;
  /** Moves the clock of everything but nats-server. */
  readonly moveClock: (byMs: number) => void;
  token(userId: string): Promise<string>;
  client(userId: string): RecordingClient;
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  await using starting = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'parley-system-'));
  starting.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const config = loadConfig('standalone', {
    PARLEY_DATA_DIR: dataDir,
    PARLEY_PORT: '0',
    PARLEY_RATE_LIMITS: 'off',
    PARLEY_LOG_LEVEL: 'fatal',
    PARLEY_NATS_SERVER: process.env['PARLEY_NATS_SERVER'],
  });
  const { world, moveClock } = movableWorld();
  const observed = observe(config, world);
  const server = starting.use(
    await startNatsServer({ binary: config.natsServer, dataDirectory: dataDir, world, onEvent: observed.natsServer }),
  );
  const connection = starting.use(await connectNats({ servers: server.url, name: 'system' }));
  const { shards, logEpoch } = await createDeployment({ connection, world, shards: shardsWhenNew, replicas: 1 });
  const log = starting.use(new NatsEventLog({ connection, world, shards }));
  const directory = path.join(dataDir, 'read-models');
  const stores = starting.use(await openSqlite({ directory, logEpoch, world, report: observed.sqlite }));
  const readModels = {
    timeline: fixedGeneration(await stores.timeline(1)),
    conversations: fixedGeneration(await stores.conversations(1)),
  };
  const readSide = createReadSide({ log, world, ...readModels });
  const projector = starting.use(
    runProjector({ ...readModels, log, world, observer: { ...observed.runner, ...observed.projection } }),
  );
  const sessions = options.deliveredByOthers ?? createSessionRegistry(world);
  const bus = losing(natsGatewayBus(connection), options.loses ?? (() => false));
  const checkpoints = await openCheckpoints(connection, logEpoch);
  const delivers = { ...readSide, log, logEpoch, sessions, bus, checkpoints, world, observer: observed.runner };
  if (!options.deliveredByOthers) starting.use(runDelivery(delivers));
  const rates = createRateBuckets(world);
  const deps = { ...readSide, log, sessions, bus, rates, world, digest, readiness: [] };
  const { logger } = observed;
  const observer = { ...observed.gateway(), resynced: (reason: string) => options.onResync?.(reason) };
  const settings = await standaloneGateway(config, logEpoch);
  const gateway = starting.use(await createGateway({ ...deps, logger, observer, config: settings }));

  const socketUrl = `${gateway.url.replace('http', 'ws')}/v1/ws`;
  const token = async (userId: string): Promise<string> =>
    (await settings.devTokens?.issueToken(userId as UserId)) ?? '';
  const running = starting.move();
  return {
    gateway,
    natsUrl: server.url,
    socketUrl,
    dataDir,
    moveClock,
    token,
    stopProjector: async () => projector[Symbol.asyncDispose](),
    client(userId) {
      const client = new RecordingClient({ url: () => socketUrl, userId, token });
      client.start();
      return client;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function movableWorld(): { readonly world: World; readonly moveClock: (byMs: number) => void } {
  const real = createWorld();
  let offsetMs = 0;
  return {
    world: { ...real, now: () => real.now() + offsetMs },
    moveClock: (byMs) => void (offsetMs += byMs),
  };
}

const losing = (bus: GatewayBus, loses: (batch: DeliveryBatch) => boolean): GatewayBus => ({
  ...bus,
  publish: (gatewayId, batch) => (loses(batch) ? undefined : bus.publish(gatewayId, batch)),
});

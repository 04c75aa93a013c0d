// Every role in one process, and nats-server as its child: the parts of a fleet with the embedded adapters.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runDelivery } from '@parley/delivery';
import type { World } from '@parley/domain';
import { checkClock, createGateway, type Gateway } from '@parley/gateway';
import type { StandaloneConfig } from '@parley/infra/config';
import { createGatewayBus, createRateBuckets, createRecentHeads, createSessionRegistry } from '@parley/infra/memory';
import {
  connectNats,
  createDeployment,
  natsParkedRecords,
  NatsEventLog,
  openCheckpoints,
  startNatsServer,
} from '@parley/infra/nats';
import { watchedGenerations, watchEventLoop, watchOutbox, watchReaderLag } from '@parley/infra/observability';
import { digest } from '@parley/infra/runtime';
import { createReadSide, shareReads } from '@parley/projections';
import { runProjector } from '@parley/projector';
import type { Observed } from './observe.ts';
import { openReadModels } from './read-models.ts';
import { shardsWhenNew, standaloneGateway } from './settings.ts';

export interface Standalone extends AsyncDisposable {
  readonly gateway: Gateway;
}

/** Resolves when clients may come. Disposing drains the gateway, then ends all in reverse order, nats-server last. */
export async function startStandalone(config: StandaloneConfig, observed: Observed, world: World): Promise<Standalone> {
  await using starting = new AsyncDisposableStack();
  const { log, connection, logEpoch } = await openLog({ config, observed, world, parts: starting });

  const readModels = await openReadModels({ config, connection, logEpoch, observed, world, parts: starting });
  const checkpoints = await openCheckpoints(connection, logEpoch);
  const reads = shareReads(log, 'standalone');
  const recentHeads = createRecentHeads();
  const readSide = createReadSide({ log: reads, world, ...readModels, recentHeads, observer: observed.states });
  const sessions = createSessionRegistry(world);
  const bus = createGatewayBus();

  starting.use(
    runProjector({
      ...readModels,
      recentHeads,
      log: reads,
      world,
      observer: { ...observed.runner, ...observed.projection },
      parkedRecords: starting.use(natsParkedRecords(connection, world)),
    }),
  );
  const { logger } = observed;
  const clock = starting.use(await checkClock({ skewMs: () => log.clockSkewMs(), world, logger }));
  const gateway = starting.use(
    await createGateway({
      ...readSide,
      log,
      sessions,
      bus,
      rates: createRateBuckets(world),
      world,
      digest,
      logger,
      observer: observed.gateway(),
      trace: observed.trace,
      readiness: [clock.notReady, observed.readersStopped, () => (connection.isUp ? undefined : 'the log is away')],
      config: await standaloneGateway(config, logEpoch),
    }),
  );

  starting.use(
    runDelivery({ ...readSide, log: reads, logEpoch, sessions, bus, checkpoints, world, observer: observed.runner }),
  );
  starting.use(watchEventLoop(observed.metrics));
  watchOutbox(observed.metrics, () => log.outboxSize);
  watchReaderLag({
    metrics: observed.metrics,
    log,
    world,
    readers: () => [
      ...watchedGenerations('timeline', readModels.timeline),
      ...watchedGenerations('conversations', readModels.conversations),
      ...readModels.optional.flatMap(({ projection, live }) => watchedGenerations(projection.name, live)),
      { name: 'delivery', checkpoint: (shard) => checkpoints.load('delivery', shard) },
    ],
  });
  await untilReady(gateway, world);
  const running = starting.move();
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway.drain(); // while delivery still tells everyone what was said last
      await running.disposeAsync();
    },
  };
}

/** Delivery has to reach every shard first; should that take long, `/readyz` says so. */
async function untilReady(gateway: Gateway, world: World): Promise<void> {
  const deadline = world.now() + readyWaitMsMax;
  while (gateway.notReady().length > 0 && world.now() < deadline) await world.sleep(readyPollMs);
}

const readyWaitMsMax = 10_000;
const readyPollMs = 10;

interface OpenLogOptions {
  readonly config: StandaloneConfig;
  readonly observed: Observed;
  readonly world: World;
  /** Ends what is opened here. */
  readonly parts: AsyncDisposableStack;
}

async function openLog({ config, observed, world, parts }: OpenLogOptions) {
  const server = parts.use(
    await startNatsServer({
      binary: config.natsServer,
      dataDirectory: config.dataDir,
      ...(config.natsPort === 0 ? {} : { port: config.natsPort }),
      world,
      onEvent: observed.natsServer,
    }),
  );
  await writeFile(path.join(config.dataDir, 'nats.url'), `${server.url}\n`); // where the `nats` CLI finds it
  const connection = parts.use(await connectNats({ servers: server.url, name: 'parley-standalone' }));
  const { shards, logEpoch } = await createDeployment({
    connection,
    world,
    shards: config.shards ?? shardsWhenNew,
    replicas: 1,
  });
  const log = parts.use(new NatsEventLog({ connection, world, shards, observer: observed.log }));
  return { log, connection, logEpoch };
}

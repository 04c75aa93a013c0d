// A delivery worker of a fleet: from the log to the gateways.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { openLog, openReadSide, openRedis } from '@parley/infra/fleet';
import { natsGatewayBus, openCheckpoints } from '@parley/infra/nats';
import { watchReaderLag } from '@parley/infra/observability';
import { observeProcess, runProcess } from '@parley/infra/process';
import { runDelivery } from './run-delivery.ts';

await runProcess({
  name: 'delivery',
  load: () => loadConfig('fleet', process.env),
  observe: observeProcess,
  async start(config, observed, world) {
    await using starting = new AsyncDisposableStack();
    const fleet = { config, observed, world, parts: starting };
    const fleetLog = await openLog(fleet, 'delivery');
    const { connection, log, logEpoch, notReady } = fleetLog;
    const readSide = await openReadSide(fleet, fleetLog);
    const { sessions, leaseTerms } = await openRedis(fleet, fleetLog);
    const checkpoints = await openCheckpoints(connection, logEpoch);
    const bus = natsGatewayBus(connection);
    const shared = { sessions, bus, checkpoints, lease: leaseTerms('delivery') };
    starting.use(runDelivery({ ...readSide, ...shared, log, logEpoch, world, observer: observed.runner }));
    watchReaderLag({
      metrics: observed.metrics,
      log,
      world,
      readers: () => [{ name: 'delivery', checkpoint: (shard) => checkpoints.load('delivery', shard) }],
    });
    const running = starting.move();
    return {
      notReady: () => [notReady(), observed.readersStopped()].filter((reason) => reason !== undefined),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
});

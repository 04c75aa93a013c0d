// A projection worker of a fleet: from the log to the read models.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { openLog, openRedis, openStores } from '@parley/infra/fleet';
import { natsParkedRecords } from '@parley/infra/nats';
import { watchedGenerations, watchReaderLag } from '@parley/infra/observability';
import { observeProcess, runProcess } from '@parley/infra/process';
import { shareReads } from '@parley/projections';
import { runProjector } from './run-projector.ts';

await runProcess({
  name: 'projector',
  load: () => loadConfig('fleet', process.env),
  observe: observeProcess,
  async start(config, observed, world) {
    await using starting = new AsyncDisposableStack();
    const fleet = { config, observed, world, parts: starting };
    const fleetLog = await openLog(fleet, 'projector');
    const { log, notReady } = fleetLog;
    const stores = await openStores(fleet, fleetLog, { isWorker: true });
    const observer = { ...observed.runner, ...observed.projection };
    const { leaseTerms, recentHeads } = await openRedis(fleet, fleetLog);
    const parkedRecords = starting.use(natsParkedRecords(fleetLog.connection, world));
    const reads = shareReads(log, 'projector');
    starting.use(runProjector({ ...stores, log: reads, world, observer, leaseTerms, parkedRecords, recentHeads }));
    watchReaderLag({
      metrics: observed.metrics,
      log,
      world,
      readers: () => [
        ...watchedGenerations('timeline', stores.timeline),
        ...watchedGenerations('conversations', stores.conversations),
        ...stores.optional.flatMap(({ projection, live }) => watchedGenerations(projection.name, live)),
      ],
    });
    const running = starting.move();
    return {
      notReady: () => [notReady(), observed.readersStopped()].filter((reason) => reason !== undefined),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
});

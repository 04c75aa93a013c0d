// A projection worker of a fleet: from the log to the read models.
import process from 'node:process';
import { loadConfig } from '@parley/infra/config';
import { openLog, openRedis, openStores } from '@parley/infra/fleet';
import { watchReaderLag } from '@parley/infra/observability';
import { observeProcess, runProcess } from '@parley/infra/process';
import { shareReads } from '@parley/projections';
import { runProjector } from './run-projector.ts';

await runProcess({
  load: () => loadConfig('fleet', process.env),
  observe: observeProcess,
  async start(config, observed, world) {
    await using starting = new AsyncDisposableStack();
    const fleet = { config, observed, world, parts: starting };
    const { log, notReady } = await openLog(fleet, 'projector');
    const { generation, timelineStore: timeline, conversationStore: conversations } = await openStores(fleet);
    const observer = { ...observed.runner, ...observed.projection };
    const lease = (await openRedis(fleet)).leaseTerms(`projector-g${generation}`);
    const reads = shareReads(log, `projector-g${generation}`);
    starting.use(runProjector({ log: reads, world, generation, timeline, conversations, observer, lease }));
    watchReaderLag(observed.metrics, log, [
      { name: `timeline-g${generation}`, checkpoint: (shard) => timeline.checkpoint(shard) },
      { name: `conversations-g${generation}`, checkpoint: (shard) => conversations.checkpoint(shard) },
    ]);
    const running = starting.move();
    return {
      notReady: () => [notReady(), observed.readersStopped()].filter((reason) => reason !== undefined),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
});

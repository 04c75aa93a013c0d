// Log lines and metrics of one process: one place where every part's reports are turned into them.
import type { Shard, World } from '@parley/domain';
import type { RunnerObserver } from '@parley/projections';
import type { Config } from '../config/index.ts';
import type { LogObserver } from '../nats/index.ts';
import {
  createLogger,
  gatewayObserver,
  leaseObserver,
  logObserver,
  Metrics,
  projectionObserver,
  runnerObserver,
  statesObserver,
  storeObservers,
  watchProcess,
  type Traces,
} from '../observability/index.ts';

export type Observed = ReturnType<typeof observeProcess>;

export function observeProcess(config: Pick<Config, 'logLevel' | 'region'>, world: World, traces?: Traces) {
  const logger = createLogger({ level: config.logLevel });
  const broken = Promise.withResolvers<string>();
  const stopped = new Set<string>();
  const metrics = new Metrics((error) => logger.warn({ err: error }, 'a metric cannot be read'), {
    ...(config.region !== undefined && { region: config.region }),
  });
  const runner = runnerObserver(metrics, logger, world);
  watchProcess(metrics);
  return {
    logger,
    metrics,
    log: { ...logObserver(metrics, logger), ...(traces && tracedLog(traces)) },
    runner: {
      ...runner,
      ...(traces && { applied: appliedAndTraced(runner, traces) }),
      stopped: (reader: string, shard: Shard, error: unknown): void => {
        stopped.add(`${reader} of shard ${shard}`);
        runner.stopped(reader, shard, error);
      },
    },
    /** A shard nobody delivers must not look alive: for `/readyz`. */
    readersStopped: () => (stopped.size === 0 ? undefined : `stopped: ${[...stopped].join(', ')}`),
    projection: projectionObserver(metrics, logger),
    /** Only who is a gateway has the metrics of one: that there is none at all must show. */
    gateway: () => gatewayObserver(metrics),
    /** Undefined: nothing is traced. */
    trace: traces && ((name: string) => traces.begin(name)),
    lease: leaseObserver(metrics, logger),
    states: statesObserver(metrics),
    stores: storeObservers(metrics),
    /** For what nothing but a new start can help: the process ends, and says so. */
    break: (reason: string): void => broken.resolve(reason),
    broken: broken.promise,
  };
}

const tracedLog = (traces: Traces): Pick<LogObserver, 'traceAppend' | 'tracedEvent'> => ({
  traceAppend: (traceparent) => traces.goOn('append', traceparent),
  tracedEvent: (stored, traceparent) => traces.arrived(stored, traceparent),
});

function appliedAndTraced(runner: RunnerObserver, traces: Traces): RunnerObserver['applied'] {
  return (reader, shard, events) => {
    runner.applied(reader, shard, events);
    traces.applied(reader, shard, events);
  };
}

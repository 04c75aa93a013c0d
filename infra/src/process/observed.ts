// Log lines and metrics of one process: one place where every part's reports are turned into them.
import type { Shard } from '@parley/domain';
import type { Config } from '../config/index.ts';
import {
  createLogger,
  gatewayObserver,
  leaseObserver,
  logObserver,
  Metrics,
  projectionObserver,
  runnerObserver,
} from '../observability/index.ts';

export type Observed = ReturnType<typeof observeProcess>;

export function observeProcess(config: Pick<Config, 'logLevel'>) {
  const logger = createLogger({ level: config.logLevel });
  const broken = Promise.withResolvers<string>();
  const stopped = new Set<string>();
  const metrics = new Metrics((error) => logger.warn({ err: error }, 'a metric cannot be read'));
  const runner = runnerObserver(metrics, logger);
  return {
    logger,
    metrics,
    log: logObserver(metrics, logger),
    runner: {
      ...runner,
      stopped: (reader: string, shard: Shard, error: unknown): void => {
        stopped.add(`${reader} of shard ${shard}`);
        runner.stopped(reader, shard, error);
      },
    },
    /** A shard nobody delivers must not look alive: for `/readyz`. */
    readersStopped: () => (stopped.size === 0 ? undefined : `stopped: ${[...stopped].join(', ')}`),
    projection: projectionObserver(metrics, logger),
    gateway: gatewayObserver(metrics),
    lease: leaseObserver(metrics, logger),
    /** For what nothing but a new start can help: the process ends, and says so. */
    break: (reason: string): void => broken.resolve(reason),
    broken: broken.promise,
  };
}

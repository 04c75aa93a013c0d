// Log lines and metrics of the whole process: one place where every part's reports are turned into them.
import type { Shard } from '@parley/domain';
import type { Config } from '@parley/infra/config';
import {
  createLogger,
  gatewayObserver,
  logObserver,
  Metrics,
  natsServerObserver,
  projectionObserver,
  runnerObserver,
  type Logger,
} from '@parley/infra/observability';
import type { NatsServerEvent } from '@parley/infra/nats';
import type { SqliteReport } from '@parley/infra/sqlite';

export type Observed = ReturnType<typeof observe>;

export function observe(config: Pick<Config, 'logLevel'>) {
  const logger = createLogger({ level: config.logLevel });
  const broken = Promise.withResolvers<string>();
  const stopped = new Set<string>();
  const metrics = new Metrics((error) => logger.warn({ err: error }, 'a metric cannot be read'));
  const runner = runnerObserver(metrics, logger);
  const natsServer = natsServerObserver(metrics, logger);
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
    natsServer: (event: NatsServerEvent): void => {
      natsServer(event);
      if (event.type === 'GaveUp') broken.resolve(`nats-server: ${event.reason}`);
    },
    sqlite: (report: SqliteReport): void => {
      reportSqlite(report, logger);
      if (report.type === 'file-discarded' && report.isServing) {
        broken.resolve(`${report.path} was damaged and is removed: the next start folds it again`);
      }
      if (report.type === 'worker-died' && report.restartsLeft === 0)
        broken.resolve('the SQLite worker died too often');
    },
    /** Resolves with why nothing but a new start can help. */
    broken: broken.promise,
  };
}

function reportSqlite(report: SqliteReport, logger: Logger): void {
  if (report.type === 'file-discarded') logger.warn(report, 'a read model begins anew');
  else logger.error({ ...report, err: report.cause }, 'the SQLite worker died and is started again');
}

// Log lines and metrics of the whole process: one place where every part's reports are turned into them.
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
import type { SqliteReport } from '@parley/infra/sqlite';

export type Observed = ReturnType<typeof observe>;

export function observe(config: Pick<Config, 'logLevel'>) {
  const logger = createLogger({ level: config.logLevel });
  const metrics = new Metrics((error) => logger.warn({ err: error }, 'a metric cannot be read'));
  return {
    logger,
    metrics,
    log: logObserver(metrics, logger),
    runner: runnerObserver(metrics, logger),
    projection: projectionObserver(metrics, logger),
    gateway: gatewayObserver(metrics),
    natsServer: natsServerObserver(metrics, logger),
    sqlite: (report: SqliteReport) => reportSqlite(report, logger),
  };
}

function reportSqlite(report: SqliteReport, logger: Logger): void {
  if (report.type === 'file-discarded') logger.warn(report, 'a read model begins anew');
  else logger.error({ ...report, err: report.cause }, 'the SQLite worker died and is started again');
}

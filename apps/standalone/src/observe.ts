// What a process with its own nats-server and SQLite reports besides what every process does.
import type { World } from '@parley/domain';
import type { Config } from '@parley/infra/config';
import type { NatsServerEvent } from '@parley/infra/nats';
import { natsServerObserver, type Logger, type Traces } from '@parley/infra/observability';
import { observeProcess } from '@parley/infra/process';
import type { SqliteReport } from '@parley/infra/sqlite';

export type Observed = ReturnType<typeof observe>;

export function observe(config: Pick<Config, 'logLevel' | 'region'>, world: World, traces?: Traces) {
  const observed = observeProcess(config, world, traces);
  const { metrics, logger } = observed;
  const natsServer = natsServerObserver(metrics, logger);
  return {
    ...observed,
    natsServer: (event: NatsServerEvent): void => {
      natsServer(event);
      if (event.type === 'GaveUp') observed.break(`nats-server: ${event.reason}`);
    },
    sqlite: (report: SqliteReport): void => {
      reportSqlite(report, logger);
      if (report.type === 'file-discarded' && report.isServing) {
        observed.break(`${report.path} was damaged and is removed: the next start folds it again`);
      }
      if (report.type === 'worker-died' && report.restartsLeft === 0)
        observed.break('the SQLite worker died too often');
    },
  };
}

function reportSqlite(report: SqliteReport, logger: Logger): void {
  if (report.type === 'file-discarded') logger.warn(report, 'a read model begins anew');
  else logger.error({ ...report, err: report.cause }, 'the SQLite worker died and is started again');
}

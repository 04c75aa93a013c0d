// What the outside can see of a running process: log lines, metrics, health.
export { startAdminServer, type AdminServer, type AdminServerOptions } from './admin-server.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { Metrics, type Sample } from './metrics.ts';
export { metricsPage, metricsPagePath } from './metrics-page.ts';
export {
  gatewayObserver,
  leaseObserver,
  logObserver,
  natsServerObserver,
  projectionObserver,
  runnerObserver,
  statesObserver,
  storeObservers,
} from './observers.ts';
export { watchedGenerations, watchReaderLag, type WatchedLog, type WatchedReader } from './reader-lag.ts';
export { watchEventLoop, watchOutbox, watchProcess } from './watched-values.ts';
export type { Trace, Traces } from './traces.ts';
export { grafanaFiles } from './dashboards/grafana.ts';
export { DASHBOARDS, FLEET_DASHBOARDS, type Dashboard } from './dashboards/panels.ts';
export { seriesAskedFor, type AskedSeries } from './dashboards/promql.ts';

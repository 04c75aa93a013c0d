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
} from './observers.ts';
export {
  watchedGenerations,
  watchEventLoop,
  watchOutbox,
  watchReaderLag,
  type WatchedLog,
  type WatchedReader,
} from './watched-values.ts';

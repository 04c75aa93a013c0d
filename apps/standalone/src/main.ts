// `npm start`: reads the environment, starts everything, and ends it when asked to.
import process from 'node:process';
import { ConfigError, loadConfig } from '@parley/infra/config';
import { startAdminServer } from '@parley/infra/observability';
import { createWorld } from '@parley/infra/runtime';
import { observe } from './observe.ts';
import { startStandalone } from './standalone.ts';
import { stopSignal } from './stop-signal.ts';
import { welcome } from './welcome.ts';

const config = readConfig();
const observed = observe(config);
const stopped = stopSignal(process); // one that comes while it starts is heard, too
const broken = observed.broken.then((reason) => Promise.reject(new Error(reason)));
try {
  await using parts = new AsyncDisposableStack();
  const { gateway } = parts.use(await startStandalone(config, observed, createWorld()));
  const metricsText = () => observed.metrics.text();
  parts.use(await startAdminServer({ port: config.adminPort, metricsText, ready: () => gateway.notReady() }));
  process.stdout.write(welcome({ ...gateway, dataDir: config.dataDir }));
  observed.logger.info({ signal: await Promise.race([stopped, broken]) }, 'stopping');
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`parley cannot go on: ${error instanceof Error ? error.message : String(error)}\n`);
}

function readConfig() {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

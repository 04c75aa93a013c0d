// `npm start`: reads the environment, starts everything, and ends it when asked to.
import process from 'node:process';
import { ConfigError, loadConfig } from '@parley/infra/config';
import { startAdminServer } from '@parley/infra/observability';
import { createWorld } from '@parley/infra/runtime';
import { observe } from './observe.ts';
import { startStandalone } from './standalone.ts';

const config = readConfig();
const observed = observe(config);
await using parts = new AsyncDisposableStack();
try {
  const standalone = parts.use(await startStandalone(config, observed, createWorld()));
  const { gateway } = standalone;
  const metricsText = () => observed.metrics.text();
  parts.use(await startAdminServer({ port: config.adminPort, metricsText, ready: () => gateway.notReady() }));
  process.stdout.write(welcome(gateway.url));
  observed.logger.info(await stopSignal(), 'stopping');
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`parley cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
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

/** The first asks to stop; a second one, from someone who cannot wait, ends the process at once. */
function stopSignal(): Promise<{ signal: string }> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => resolve({ signal }));
    }
  });
}

function welcome(url: string): string {
  return `
  Parley is ready: ${url}

    chat here      open ${url} in a browser
    chat there     npm run chat -- --user alice     (and, elsewhere, --user bob)
    a token        curl -X POST ${url}/v1/dev/tokens -H 'content-type: application/json' -d '{"user_id":"alice"}'
    the API        ${url}/docs

  Ctrl-C stops it; everything said is kept in ${config.dataDir}/log.

`;
}

// A process from its start to its end, whatever its role: configuration, log lines, the admin port, signals. What it does
// between is handed in.
import process from 'node:process';
import type { World } from '@parley/domain';
import { ConfigError, type Config } from '../config/index.ts';
import { startAdminServer } from '../observability/index.ts';
import { createWorld } from '../runtime/index.ts';
import type { Observed } from './observed.ts';
import { stopSignal } from './stop-signal.ts';

export interface Running extends AsyncDisposable {
  /** Why it does not take work; none: it does. */
  readonly notReady: () => readonly string[];
  /** Told to whoever sits in front of it. */
  readonly welcome?: string;
}

export interface Role<Settings extends Config, Reports extends Observed> {
  /** Throws ConfigError. */
  readonly load: () => Settings;
  readonly observe: (config: Settings) => Reports;
  /** Resolves when it works. Disposing it brings what is in flight to its end. */
  readonly start: (config: Settings, observed: Reports, world: World) => Promise<Running>;
}

/** Until a signal, or until nothing but a new start can help. Sets the exit code: 0; 1 it broke; 2 the configuration is wrong. */
export async function runProcess<Settings extends Config, Reports extends Observed>(
  role: Role<Settings, Reports>,
): Promise<void> {
  const config = readConfig(role);
  const observed = role.observe(config);
  const stopped = stopSignal(process); // one that comes while it starts is heard, too
  const broken = observed.broken.then((reason) => Promise.reject(new Error(reason)));
  let ready = (): readonly string[] => ['it is starting'];
  try {
    await using parts = new AsyncDisposableStack();
    const metricsText = () => observed.metrics.text();
    const { adminHost: host, adminPort: port } = config;
    parts.use(await startAdminServer({ host, port, metricsText, ready: () => ready() }));
    const running = parts.use(await role.start(config, observed, createWorld()));
    ready = running.notReady;
    process.stdout.write(running.welcome ?? '');
    observed.logger.info({ signal: await Promise.race([stopped, broken]) }, 'stopping');
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`parley cannot go on: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function readConfig<Settings extends Config>({ load }: Pick<Role<Settings, never>, 'load'>): Settings {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

// A process from its start to its end, whatever its role: configuration, log lines, the admin port, signals. What it does
// between is handed in.
import process from 'node:process';
import type { World } from '@parley/domain';
import { ConfigError, type Config } from '../config/index.ts';
import { startAdminServer, type Traces } from '../observability/index.ts';
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
  /** As traces name it. */
  readonly name: string;
  /** Throws ConfigError. */
  readonly load: () => Settings;
  readonly observe: (config: Settings, world: World, traces?: Traces) => Reports;
  /** Resolves when it works. Disposing it brings what is in flight to its end. */
  readonly start: (config: Settings, observed: Reports, world: World) => Promise<Running>;
}

/** Until a signal, or until nothing but a new start can help. Sets the exit code: 0; 1 it broke; 2 the configuration is wrong. */
export async function runProcess<Settings extends Config, Reports extends Observed>(
  role: Role<Settings, Reports>,
): Promise<void> {
  const config = readConfig(role);
  const world = createWorld();
  const stopped = stopSignal(process); // one that comes while it starts is heard, too
  const traces = await openTraces(config, role.name, world);
  const observed = role.observe(config, world, traces);
  const broken = observed.broken.then((reason) => Promise.reject(new Error(reason)));
  let ready = (): readonly string[] => ['it is starting'];
  try {
    await using parts = new AsyncDisposableStack();
    parts.use(traces);
    const metricsText = () => observed.metrics.text();
    const { adminHost: host, adminPort: port } = config;
    parts.use(await startAdminServer({ host, port, metricsText, ready: () => ready() }));
    const running = parts.use(await role.start(config, observed, world));
    ready = running.notReady;
    process.stdout.write(running.welcome ?? '');
    observed.logger.info({ signal: await Promise.race([stopped, broken]) }, 'stopping');
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`parley cannot go on: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

/** The libraries are not even read where nothing is traced. */
async function openTraces(config: Config, name: string, world: World): Promise<Traces | undefined> {
  const { tracesUrl: url, tracesSample: sample, region } = config;
  if (url === undefined) return undefined;
  const { startTraces } = await import('../observability/traces.ts');
  return startTraces({ url, sample, region, world, service: `parley-${name}` });
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

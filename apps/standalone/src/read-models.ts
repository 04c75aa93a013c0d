// The read models of one machine: SQLite files under the data directory, whose generations operators change while it runs.
import path from 'node:path';
import type { World } from '@parley/domain';
import type { StandaloneConfig } from '@parley/infra/config';
import { openGenerationRegistry, type Connection } from '@parley/infra/nats';
import { openSqlite } from '@parley/infra/sqlite';
import { followReadModels, type ReadModels } from '@parley/projections';
import type { Observed } from './observe.ts';

export interface ReadModelOptions {
  readonly config: StandaloneConfig;
  readonly connection: Connection;
  readonly logEpoch: number;
  readonly observed: Observed;
  readonly world: World;
  /** Ends what is opened here. */
  readonly parts: AsyncDisposableStack;
}

export async function openReadModels(options: ReadModelOptions): Promise<ReadModels> {
  const { config, connection, logEpoch, observed, world, parts } = options;
  const directory = path.join(config.dataDir, 'read-models');
  const stores = parts.use(await openSqlite({ directory, logEpoch, world, report: observed.sqlite }));
  const registry = await openGenerationRegistry(connection, logEpoch);
  const failed = (err: unknown): void => observed.logger.warn({ err }, 'generations cannot be looked at');
  return followReadModels({ stores, registry, world, isWorker: true, failed, parts, optional: config.projections });
}

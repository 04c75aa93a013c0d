// The read models of one machine: SQLite files under the data directory, whose generations operators change while it runs.
import path from 'node:path';
import type { World } from '@parley/domain';
import type { StandaloneConfig } from '@parley/infra/config';
import { openGenerationRegistry, type Connection } from '@parley/infra/nats';
import { openSqlite } from '@parley/infra/sqlite';
import {
  conversations,
  followGenerations,
  OPTIONAL_PROJECTIONS,
  timeline,
  type LiveGenerations,
  type ProjectionIdentity,
} from '@parley/projections';
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

export async function openReadModels({ config, connection, logEpoch, observed, world, parts }: ReadModelOptions) {
  const directory = path.join(config.dataDir, 'read-models');
  const stores = parts.use(await openSqlite({ directory, logEpoch, world, report: observed.sqlite }));
  const registry = await openGenerationRegistry(connection, logEpoch);
  const failed = (err: unknown): void => observed.logger.warn({ err }, 'generations cannot be looked at');
  const shared = { registry, world, isWorker: true, failed };
  const follow = async <Store>(
    projection: ProjectionIdentity,
    open: (number: number) => Promise<Store>,
  ): Promise<LiveGenerations<Store>> => {
    const close = (number: number): Promise<void> => stores.close(projection.name, number);
    return parts.use(await followGenerations({ ...shared, projection, open, close }));
  };
  const optional = OPTIONAL_PROJECTIONS.filter(({ name }) => config.projections.includes(name));
  return {
    timeline: await follow(timeline, (number) => stores.timeline(number)),
    conversations: await follow(conversations, (number) => stores.conversations(number)),
    optional: await Promise.all(
      optional.map(async (projection) => ({
        projection,
        live: await follow(projection, (number) => stores.flat(projection, number)),
      })),
    ),
  };
}

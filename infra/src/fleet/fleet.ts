// What the processes of a fleet share, opened by their configuration: the log in NATS, the registry in Redis, the read models
// in Cassandra. Each is handed to what is opened in this process, and closed with it.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import process from 'node:process';
import type { RateBuckets, SessionRegistry, World } from '@parley/domain';
import {
  createReadSide,
  followReadModels,
  type LeaseTerms,
  type ReadModels,
  type ReadSide,
  type ReadSideDependencies,
  type RecentHeadsOf,
} from '@parley/projections';
import { openCassandra } from '../cassandra/index.ts';
import type { FleetConfig } from '../config/index.ts';
import {
  connectNats,
  NatsEventLog,
  openDeployment,
  openGenerationRegistry,
  type Connection,
  type Role,
} from '../nats/index.ts';
import { watchEventLoop, watchOutbox } from '../observability/index.ts';
import type { Observed } from '../process/index.ts';
import {
  connectRedis,
  createLeases,
  createRateBuckets,
  createRecentHeads,
  createSessionRegistry,
  type RedisReport,
} from '../redis/index.ts';
import { cassandraOptions, deploymentSizing, natsOptions, redisOptions } from './options.ts';

export interface Fleet {
  readonly config: FleetConfig;
  readonly observed: Observed;
  readonly world: World;
  /** Closes what is opened here. */
  readonly parts: AsyncDisposableStack;
}

export interface FleetLog {
  readonly connection: Connection;
  readonly log: NatsEventLog;
  readonly logEpoch: number;
  readonly notReady: () => string | undefined;
}

/** A process may be started before the servers it needs. */
const natsWaitMsMax = 60_000;

/** Waits for NATS and for the deployment (`parley setup`), a minute each; throws when it is not what this build declares. */
export async function openLog({ config, observed, world, parts }: Fleet, role: Role): Promise<FleetLog> {
  const wait = { world, msMax: natsWaitMsMax };
  const connection = parts.use(await connectNats({ ...natsOptions(config), name: `parley-${role}`, role, wait }));
  parts.use(connection.listen({ refused: ({ message }) => observed.break(message) }));
  const { shards, logEpoch } = await openDeployment({ connection, world, ...deploymentSizing(config) });
  const log = parts.use(new NatsEventLog({ connection, world, shards, observer: observed.log }));
  parts.use(watchEventLoop(observed.metrics));
  watchOutbox(observed.metrics, () => log.outboxSize);
  return { connection, log, logEpoch, notReady: () => (connection.isUp ? undefined : 'the log is away') };
}

/** One connection for all that a process keeps in Redis. */
export interface FleetRedis {
  readonly sessions: SessionRegistry;
  readonly rates: RateBuckets;
  readonly recentHeads: RecentHeadsOf;
  /** The terms on which this process shares the shards with others of its role. */
  readonly leaseTerms: (role: string) => LeaseTerms;
}

export async function openRedis(
  { config, observed, world, parts }: Fleet,
  { logEpoch }: Pick<FleetLog, 'logEpoch'>,
): Promise<FleetRedis> {
  const { logger } = observed;
  const report = (heard: RedisReport): void => {
    if (heard.type === 'redis-error') logger.warn({ err: heard.cause }, 'Redis failed');
    else logger.warn({}, heard.type === 'redis-lost' ? 'Redis is away' : 'Redis is back');
  };
  const connection = parts.use(
    await connectRedis({ ...redisOptions(config), world, report, answered: observed.stores.redis }),
  );
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  return {
    sessions: createSessionRegistry(connection, { world, report }),
    rates: createRateBuckets({ connection, world }),
    recentHeads: createRecentHeads({ connection, world, logEpoch }),
    leaseTerms: (role) => ({ role, worker, leases: createLeases({ connection, world }), observer: observed.lease }),
  };
}

/** The read models' generations; a worker folds them, others read the one that serves. */
export async function openStores(
  { config, observed, world, parts }: Fleet,
  { connection, logEpoch }: Pick<FleetLog, 'connection' | 'logEpoch'>,
  { isWorker }: { readonly isWorker: boolean },
): Promise<ReadModels> {
  const options = { ...cassandraOptions(config, logEpoch), answered: observed.stores.cql };
  const stores = parts.use(await openCassandra(options));
  const registry = await openGenerationRegistry(connection, logEpoch);
  const failed = (err: unknown): void => observed.logger.warn({ err }, 'generations cannot be looked at');
  return followReadModels({ stores, registry, world, isWorker, failed, parts, optional: config.projections });
}

export async function openReadSide(
  fleet: Fleet,
  fleetLog: FleetLog,
  besides: Pick<ReadSideDependencies, 'recentHeads'> = {},
): Promise<ReadSide> {
  const { log } = fleetLog;
  const { world, observed } = fleet;
  const stores = await openStores(fleet, fleetLog, { isWorker: false });
  return createReadSide({ log, world, ...stores, ...besides, observer: observed.states });
}

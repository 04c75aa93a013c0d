// The running system an operator's command works on, opened from outside: a standalone by its data directory, a fleet by the
// addresses of its servers. What a command does not use is not opened.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { World } from '@parley/domain';
import { openCassandra } from '@parley/infra/cassandra';
import { loadConfig, type Environment, type FleetConfig, type StandaloneConfig } from '@parley/infra/config';
import { cassandraOptions, deploymentSizing, natsOptions, redisOptions } from '@parley/infra/fleet';
import {
  connectNats,
  NatsEventLog,
  NatsUnreachable,
  openDeployment,
  openGenerationRegistry,
  type Connection,
  type Deployment,
  type NatsConnectionOptions,
} from '@parley/infra/nats';
import { connectRedis, type RedisConnection } from '@parley/infra/redis';
import { createWorld } from '@parley/infra/runtime';
import { openSqlite } from '@parley/infra/sqlite';
import type { GenerationRegistry, ReadModelStores } from '@parley/projections';

export interface System extends AsyncDisposable {
  readonly world: World;
  readonly connection: Connection;
  readonly log: NatsEventLog;
  readonly logEpoch: number;
  readonly registry: GenerationRegistry;
  readonly where:
    | { readonly form: 'standalone'; readonly dataDir: string; readonly config: StandaloneConfig }
    | { readonly form: 'fleet'; readonly config: FleetConfig };
  /** Opened when first asked for. */
  readonly stores: () => Promise<ReadModelStores>;
  /** Undefined where there is none. Opened when first asked for. */
  readonly redis: () => Promise<RedisConnection | undefined>;
}

/** There is nothing to work on: the message says what is missing, and what to do. Nothing was tried. */
export class SystemUnreachable extends Error {
  override readonly name = 'SystemUnreachable';
}

/** A system that is there is found at once. */
const deploymentWaitMsMax = 5_000;

/** Throws ConfigError, SystemUnreachable, NatsUnreachable or DeploymentMissing. */
export async function openSystem(environment: Environment): Promise<System> {
  await using opening = new AsyncDisposableStack();
  const reached = opening.use(await reach(environment));
  const { connection, world, sizing } = reached;
  const deployment = await openDeployment({ connection, world, ...sizing, waitMsMax: deploymentWaitMsMax });
  const system = opening.use(await reached.open(deployment));
  const parts = opening.move();
  return { ...system, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** A place where NATS answers, whatever is in it. */
export interface Reached extends AsyncDisposable, Pick<System, 'world' | 'connection' | 'where' | 'redis'> {
  readonly sizing: Place['sizing'];
  /** What is there, taken to be this. Disposed before the place is. */
  open(deployment: Deployment): Promise<System>;
}

/** Throws ConfigError, SystemUnreachable or NatsUnreachable. */
export async function reach(environment: Environment): Promise<Reached> {
  const world = createWorld();
  await using opening = new AsyncDisposableStack();
  const { PARLEY_NATS_URL: natsUrl } = environment;
  const place = natsUrl ? fleet(environment) : await standalone(environment);
  const connection = opening.use(await connectNats(place.nats).catch((error: unknown) => notRunning(place, error)));
  const parts = opening.move();
  const { where, sizing } = place;
  const redis = once(async () => {
    const redis = await place.openRedis({ world });
    return redis && parts.use(redis);
  });
  return {
    world,
    connection,
    where,
    redis,
    sizing,
    open: (deployment) => openAt(place, { world, connection, redis }, deployment),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** The file that says where its NATS is outlives a standalone. */
function notRunning({ where }: Place, error: unknown): never {
  if (where.form === 'fleet' || !(error instanceof NatsUnreachable)) throw error;
  const dataDir = path.resolve(where.dataDir);
  throw new SystemUnreachable(`the standalone of ${dataDir} is not running (npm start): ${error.message}`);
}

async function openAt(
  place: Place,
  shared: Pick<System, 'world' | 'connection' | 'redis'>,
  { shards, logEpoch }: Deployment,
): Promise<System> {
  const { world, connection } = shared;
  await using opening = new AsyncDisposableStack();
  const log = opening.use(new NatsEventLog({ connection, world, shards }));
  const registry = await openGenerationRegistry(connection, logEpoch);
  const parts = opening.move();
  return {
    ...shared,
    log,
    logEpoch,
    registry,
    where: place.where,
    stores: once(async () => parts.use(await place.openStores({ logEpoch, world }))),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

interface Place {
  readonly where: System['where'];
  readonly nats: NatsConnectionOptions;
  readonly sizing: { readonly replicas: 1 | 3; readonly shards?: number };
  openStores(of: { readonly logEpoch: number; readonly world: World }): Promise<ReadModelStores & AsyncDisposable>;
  openRedis(of: { readonly world: World }): Promise<RedisConnection | undefined>;
}

async function standalone(environment: Environment): Promise<Place> {
  const config = loadConfig('standalone', environment);
  const { dataDir } = config;
  const servers = await readFile(path.join(dataDir, 'nats.url'), 'utf8').catch(() => undefined);
  if (servers === undefined) {
    const hint = 'PARLEY_DATA_DIR names another directory, PARLEY_NATS_URL a fleet';
    throw new SystemUnreachable(`no standalone has run in ${path.resolve(dataDir)}; ${hint}`);
  }
  const directory = path.join(dataDir, 'read-models');
  return {
    where: { form: 'standalone', dataDir, config },
    nats: { servers: servers.trim(), name: 'parley-cli' },
    sizing: { replicas: 1 },
    openStores: (of) => openSqlite({ ...of, directory, isGuest: true, report: () => undefined }),
    openRedis: async () => undefined,
  };
}

function fleet(environment: Environment): Place {
  const config = loadConfig('fleet', environment);
  return {
    where: { form: 'fleet', config },
    nats: { ...natsOptions(config), name: 'parley-cli', role: 'operator' },
    sizing: deploymentSizing(config),
    openStores: ({ logEpoch }) => openCassandra(cassandraOptions(config, logEpoch)),
    openRedis: ({ world }) => connectRedis({ ...redisOptions(config), world, report: () => undefined }),
  };
}

function once<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | undefined;
  return () => (opened ??= open());
}

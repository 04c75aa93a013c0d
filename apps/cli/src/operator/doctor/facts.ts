// What doctor looks at. Nothing here changes anything, and what cannot be seen from outside is said, not guessed.
import { readFile, statfs } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { inspectCassandra, type CassandraReport } from '@parley/infra/cassandra';
import type { FleetConfig } from '@parley/infra/config';
import { cassandraOptions } from '@parley/infra/fleet';
import { inspectNats, type NatsReport } from '@parley/infra/nats';
import { inspectRedis, type RedisInspection } from '@parley/infra/redis';
import { look } from '../lag.ts';
import { READ_MODEL_NAMES } from '../read-models.ts';
import type { Reached, System } from '../system.ts';
import { rates, type ReaderRates } from '../watch/lag-table.ts';
import { storedGenerations } from '../watch/stored-generations.ts';
import { askMonitor, type DiskFacts, type NatsServerFacts } from './monitor.ts';

export interface Facts {
  readonly node: string;
  readonly nats: NatsReport;
  /** Whose own configuration could be seen. */
  readonly natsServers: readonly NatsServerFacts[];
  readonly declaredShards: number | undefined;
  readonly disks: readonly DiskFacts[];
  readonly readers: readonly ReaderRates[];
  /** Stored, but not registered. */
  readonly leftOver: readonly string[];
  /** Registered as being built, and nobody builds. */
  readonly abandoned: readonly string[];
  readonly redis: RedisInspection | Failure | undefined;
  readonly cassandra: CassandraFacts | undefined;
  readonly unseen: readonly string[];
}

interface Failure {
  readonly failure: string;
}

export type CassandraFacts =
  | Failure
  | (CassandraReport & { readonly keyspace: string; readonly datacenter: string; readonly copies: number });

/** Between two looks at the readers: one that applies nothing meanwhile stands still. */
const sampleMs = 2_000;

export async function gatherFacts(
  reached: Reached,
  { monitors, signal }: { readonly monitors: readonly string[]; readonly signal: AbortSignal },
): Promise<Facts> {
  const { connection, world, where, sizing } = reached;
  const nats = await inspectNats({ connection, world, replicas: sizing.replicas });
  const servers = await serversOf(reached, nats, monitors);
  const cassandra = where.form === 'fleet' ? await cassandraFacts(where.config, nats.logEpoch ?? 0) : undefined;
  return {
    node: process.versions.node,
    nats,
    natsServers: servers.servers,
    declaredShards: where.config.shards,
    disks: [...servers.disks, ...accountDisk(nats)],
    ...(await readerFacts(reached, nats, { signal, isStoreAway: cassandra !== undefined && 'failure' in cassandra })),
    redis: await redisFacts(reached),
    cassandra,
    unseen: servers.unseen,
  };
}

interface Servers {
  readonly servers: readonly NatsServerFacts[];
  readonly disks: readonly DiskFacts[];
  readonly unseen: readonly string[];
}

/** A standalone's server is configured by a file of ours; a fleet's tell on their monitoring port. */
async function serversOf({ where }: Reached, nats: NatsReport, monitors: readonly string[]): Promise<Servers> {
  if (where.form === 'standalone') {
    const config = await readFile(path.join(where.dataDir, 'nats-server.conf'), 'utf8');
    const syncInterval = /sync_interval:\s*"?([^"\s,}]+)/.exec(config)?.[1] ?? 'default';
    const { bsize, blocks, bavail } = await statfs(where.dataDir);
    const disk = {
      what: `the disk of ${where.dataDir}`,
      limitBytes: blocks * bsize,
      usedBytes: (blocks - bavail) * bsize,
    };
    return { servers: [{ name: 'nats-server', version: nats.version, syncInterval }], disks: [disk], unseen: [] };
  }
  if (monitors.length === 0) {
    const where = '--monitor http://<server>:8222 for each NATS server shows it';
    return { servers: [], disks: [], unseen: [`sync_interval and the disks of the NATS servers; ${where}`] };
  }
  const answers = await Promise.all(monitors.map(askMonitor));
  return {
    servers: answers.flatMap(({ server }) => server ?? []),
    disks: answers.flatMap(({ disk }) => disk ?? []),
    unseen: answers.flatMap(({ failure }) => failure ?? []),
  };
}

const accountDisk = ({ storage: { usedBytes, limitBytes } }: NatsReport): readonly DiskFacts[] =>
  limitBytes === undefined ? [] : [{ what: "what the account's streams may take", usedBytes, limitBytes }];

type ReaderFacts = Pick<Facts, 'readers' | 'leftOver' | 'abandoned'>;

/** Where there is no whole log, or no store to ask, no reader can be looked at; that is a finding already. */
async function readerFacts(
  reached: Reached,
  { shards, logEpoch, missing }: NatsReport,
  { signal, isStoreAway }: { readonly signal: AbortSignal; readonly isStoreAway: boolean },
): Promise<ReaderFacts> {
  if (shards === undefined || logEpoch === undefined || missing.length > 0 || isStoreAway) {
    return { readers: [], leftOver: [], abandoned: [] };
  }
  await using system = await reached.open({ shards, logEpoch });
  const before = await look(system);
  await system.world.sleep(sampleMs, signal);
  const readers = rates(before, await look(system));
  return { readers, ...(await generationFacts(system, readers)) };
}

async function generationFacts(system: System, readers: readonly ReaderRates[]): Promise<Omit<ReaderFacts, 'readers'>> {
  const registered = new Set(readers.map(({ name }) => name));
  const ours = new RegExp(`^(${READ_MODEL_NAMES.join('|')})-g\\d+$`);
  const stored = [...(await storedGenerations(system))].filter((name) => ours.test(name));
  const building = readers.filter(({ state }) => state === 'building');
  return {
    leftOver: stored.filter((name) => !registered.has(name)),
    abandoned: building
      .filter(({ appliedPerSecond, behind }) => appliedPerSecond === 0 && behind > 0)
      .map(({ name }) => name),
  };
}

const failureOf = (error: unknown): Failure => ({ failure: error instanceof Error ? error.message : String(error) });

async function redisFacts({ redis, world }: Reached): Promise<Facts['redis']> {
  try {
    const connection = await redis();
    return connection && (await inspectRedis(connection, { world }));
  } catch (error) {
    return failureOf(error);
  }
}

async function cassandraFacts(config: FleetConfig, logEpoch: number): Promise<CassandraFacts> {
  try {
    const report = await inspectCassandra(cassandraOptions(config, logEpoch));
    const { cassandraKeyspace, cassandraDatacenter, cassandraReplicas } = config;
    return { ...report, keyspace: cassandraKeyspace, datacenter: cassandraDatacenter, copies: cassandraReplicas };
  } catch (error) {
    return failureOf(error);
  }
}

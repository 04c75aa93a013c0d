// What is measured: a standalone process, or a fleet on this machine, with everything it needs. Fresh data each time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCluster } from '@parley/cluster';
import { StandaloneProcess } from '@parley/standalone/testing';
import { processorSeconds } from './processes.ts';
import { benchSecret, signToken } from './load/tokens.ts';

export interface System extends AsyncDisposable {
  readonly form: 'standalone' | 'fleet';
  /** Of REST. */
  readonly base: string;
  readonly socketUrls: readonly string[];
  readonly shards: number;
  readonly replicas: 1 | 3;
  readonly nats: { readonly servers: string[]; readonly user?: string; readonly pass?: string };
  /** By what they do: Parley's own, the log, the stores. */
  readonly pids: () => Readonly<Record<'parley' | 'nats' | 'stores', readonly number[]>>;
  /** Of Prometheus. */
  readonly metricsUrls: readonly string[];
  readonly cassandra?: { readonly contactPoints: string[]; readonly localDataCenter: string };
  /** Ends it and begins it anew without its read models; what its log holds stays. */
  readonly refold?: () => Promise<void>;
}

const common = { PARLEY_JWT_SECRET: benchSecret, PARLEY_RATE_LIMITS: 'off', PARLEY_LOG_LEVEL: 'warn' };
export const standaloneShards = 16;

/** On a data directory of its own, which goes with it. */
export async function openStandalone(dataDir?: string): Promise<System> {
  const process = await StandaloneProcess.start({
    ...common,
    ...(dataDir !== undefined && { PARLEY_DATA_DIR: dataDir }),
  });
  return {
    form: 'standalone',
    base: process.base,
    socketUrls: [process.socketUrl],
    shards: standaloneShards,
    replicas: 1,
    nats: { servers: [process.natsUrl] },
    pids: () => ({ parley: process.pid === undefined ? [] : [process.pid], nats: [process.natsPid], stores: [] }),
    metricsUrls: [`http://127.0.0.1:${process.adminPort}/metrics`],
    async refold() {
      await process.interrupt();
      await rm(path.join(process.dataDir, 'read-models'), { recursive: true });
      await process.start();
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

const fleetShards = 16;
const repository = path.resolve(import.meta.dirname, '..', '..');

export async function openFleet(): Promise<System> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-bench-'));
  const services = path.join(repository, '.runtime', 'services');
  const foreign = Object.entries(process.env).filter(([key]) => !key.startsWith('PARLEY_'));
  const cluster = await startCluster({
    folder,
    environment: Object.fromEntries(foreign),
    programs: {
      natsServer: process.env['PARLEY_NATS_SERVER'] ?? path.join(services, 'nats-server'),
      redisServer: path.join(services, 'valkey-server'),
      cassandra: path.join(repository, 'scripts/bootstrap/cassandra.sh'),
    },
    running: {},
    cassandraNodes: 1,
    shards: fleetShards,
    counts: { gateway: 2, delivery: 1, projector: 1 },
    gatewayPort: 0,
    settings: common,
    report: () => undefined,
  });
  const settings = cluster.settingsOf('operator');
  const pidsOf = (...kinds: readonly string[]): number[] =>
    cluster.members.filter(({ plan }) => kinds.includes(plan.kind)).flatMap(({ pid }) => pid ?? []);
  return {
    form: 'fleet',
    base: cluster.gatewayUrls[0] ?? '',
    socketUrls: cluster.gatewayUrls.map((url) => `${url.replace('http', 'ws')}/v1/ws`),
    shards: fleetShards,
    replicas: 3,
    nats: {
      servers: (settings['PARLEY_NATS_URL'] ?? '').split(','),
      user: settings['PARLEY_NATS_USER'] ?? '',
      pass: settings['PARLEY_NATS_PASSWORD'] ?? '',
    },
    pids: () => ({
      parley: pidsOf('gateway', 'delivery', 'projector'),
      nats: pidsOf('nats'),
      stores: pidsOf('redis', 'cassandra'),
    }),
    metricsUrls: [],
    cassandra: {
      contactPoints: (settings['PARLEY_CASSANDRA_CONTACT_POINTS'] ?? '').split(','),
      localDataCenter: 'datacenter1',
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Conversation {
  readonly id: string;
  /** The first one founded it. */
  readonly members: readonly string[];
}

/** A direct chat of two, a group of more. */
export async function found(system: System, members: readonly string[]): Promise<Conversation> {
  const [founder = '', ...others] = members;
  const body =
    others.length === 1 ? { type: 'direct', members: others } : { type: 'group', name: 'bench', members: others };
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${system.base}/v1/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${signToken(founder)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return { id: ((await response.json()) as { conversation_id: string }).conversation_id, members };
    const answer = await response.text();
    if (attempt > 5) throw new Error(`${response.status} ${answer}`);
  }
}

export const foundPairs = (system: System, count: number, name: string): Promise<Conversation[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => found(system, [`${name}-a${index}`, `${name}-b${index}`])));

export const foundGroups = (
  system: System,
  { groups, members, name }: { readonly groups: number; readonly members: number; readonly name: string },
): Promise<Conversation[]> =>
  Promise.all(
    Array.from({ length: groups }, (_, group) =>
      found(
        system,
        Array.from({ length: members }, (_, member) => `${name}-${group}-${member}`),
      ),
    ),
  );

/** Processor seconds so far, by what they were spent for. */
export function spent(system: System): Readonly<Record<string, number>> {
  const entries = Object.entries(system.pids());
  return Object.fromEntries(
    entries.map(([part, pids]) => [part, pids.reduce((sum, pid) => sum + processorSeconds(pid), 0)]),
  );
}

/** The positions of every conversation's head, as its clients' cursors would be. */
export async function cursorsOf(
  system: System,
  conversations: readonly Conversation[],
): Promise<Record<string, string>> {
  const cursors: Record<string, string> = {};
  for (const { id, members } of conversations) {
    const headers = { authorization: `Bearer ${signToken(members[0] ?? '')}` };
    const response = await fetch(`${system.base}/v1/conversations/${id}/messages?limit=1`, { headers });
    const { messages = [] } = (await response.json()) as { messages?: { message_id: string }[] };
    cursors[id] = messages[0]?.message_id ?? '0';
  }
  return cursors;
}

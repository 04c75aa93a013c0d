// What an operator's commands see of NATS from outside, with any user who may ask for it. Nothing here changes anything.
import type { World } from '@parley/domain';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { ApiAnswer } from './api-error.ts';
import type { Connection } from './connection.ts';
import { storedDeployment, type Deployment } from './deployment.ts';
import { JetStreamApi } from './jetstream-api.ts';
import { Requests } from './requests.ts';
import { compareStreams, type StreamDifference } from './streams.ts';

export interface NatsReport {
  /** Of the server that answers us. */
  readonly version: string;
  readonly servers: readonly string[];
  /** How far its clock is ahead of ours, give or take half a round trip. */
  readonly aheadMs: number;
  /** What the deployment says it is; undefined where nothing was stored. */
  readonly shards: number | undefined;
  readonly logEpoch: number | undefined;
  readonly streams: readonly StreamReport[];
  readonly missing: readonly string[];
  readonly differences: readonly StreamDifference[];
  readonly storage: {
    readonly usedBytes: number;
    /** Absent: no limit of the account's. */ readonly limitBytes?: number;
  };
}

interface StreamReport {
  readonly name: string;
  readonly messages: number;
  readonly bytes: number;
  readonly lastPosition: number;
  /** Erased one by one. */
  readonly erased: number;
  readonly consumers: number;
  /** Undefined without a cluster, or while there is none. */
  readonly leader: string | undefined;
  readonly isClustered: boolean;
  readonly replicas: readonly ReplicaReport[];
}

interface ReplicaReport {
  readonly name: string;
  readonly isCurrent: boolean;
  readonly isOffline: boolean;
  /** Operations behind the leader. */
  readonly lag: number;
}

export interface InspectOptions {
  readonly connection: Connection;
  readonly world: World;
  readonly replicas: 1 | 3;
}

/** Rejects with LogUnavailable when JetStream does not answer. */
export async function inspectNats({ connection, world, replicas }: InspectOptions): Promise<NatsReport> {
  using requests = new Requests(connection, world);
  const api = new JetStreamApi(requests, world);
  const stored = await storedDeployment(connection).catch(nothingStored);
  const shards = stored.shards ?? 0;
  const compared = await compareStreams(api, { shards, replicas });
  const missing = compared.missing.map(({ name }) => name);
  const there = compared.declared.filter((name) => !missing.includes(name));
  const infos = await Promise.all(there.map((name) => api.ask<StreamInfo>(`STREAM.INFO.${name}`)));
  const { version = 'unknown', connect_urls: others = [] } = connection.nc.info ?? {};
  return {
    version,
    servers: [...new Set([connection.nc.getServer(), ...others])],
    aheadMs: await clockAheadMs(api, world, there[0]),
    shards: stored.shards,
    logEpoch: stored.logEpoch,
    streams: infos.map(streamReport),
    missing,
    differences: compared.differences,
    storage: storageOf(await api.ask<AccountInfo>('INFO')),
  };
}

/** There is no such bucket: the streams that are missing say so. Everything else is the caller's business. */
function nothingStored(error: unknown): Partial<Deployment> {
  if (error instanceof JetStreamApiError) return {};
  throw error;
}

async function clockAheadMs(api: JetStreamApi, world: World, stream: string | undefined): Promise<number> {
  if (stream === undefined) return 0;
  const askedTs = world.now();
  const { serverTs } = await api.head(stream);
  return serverTs - (askedTs + world.now()) / 2;
}

interface StreamInfo extends ApiAnswer {
  readonly config: { readonly name: string };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly last_seq: number;
    readonly num_deleted?: number;
    readonly consumer_count: number;
  };
  readonly cluster?: { readonly leader?: string; readonly raft_group?: string; readonly replicas?: readonly Replica[] };
}

interface Replica {
  readonly name: string;
  readonly current: boolean;
  readonly offline?: boolean;
  readonly lag?: number;
}

const streamReport = ({ config, state, cluster }: StreamInfo): StreamReport => ({
  name: config.name,
  messages: state.messages,
  bytes: state.bytes,
  lastPosition: state.last_seq,
  erased: state.num_deleted ?? 0,
  consumers: state.consumer_count,
  leader: cluster?.leader,
  isClustered: cluster?.raft_group !== undefined,
  replicas: (cluster?.replicas ?? []).map((replica) => ({
    name: replica.name,
    isCurrent: replica.current,
    isOffline: replica.offline ?? false,
    lag: replica.lag ?? 0,
  })),
});

interface AccountInfo extends ApiAnswer {
  readonly storage: number;
  readonly limits: { readonly max_storage: number };
}

const storageOf = ({ storage, limits }: AccountInfo): NatsReport['storage'] => ({
  usedBytes: storage,
  ...(limits.max_storage > 0 && { limitBytes: limits.max_storage }),
});

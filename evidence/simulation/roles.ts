// The processes, each with the real code of its role over the adapters of the simulation.
import { runDelivery } from '@parley/delivery';
import type { UserId } from '@parley/domain';
import { createGatewayCore, type GatewayCore } from '@parley/gateway/core';
import { natsGatewayBus, NatsEventLog } from '@parley/infra/nats';
import { digest } from '@parley/infra/runtime';
import { stagedStore } from '@parley/infra/staged-memory';
import { createReadSide, fixedGeneration, shareReads, type LeaseTerms } from '@parley/projections';
import { runProjector } from '@parley/projector';
import { LIMITS } from '@parley/protocol';
import type { Cluster } from './cluster.ts';
import { Node } from './node.ts';
import { withDoubt } from './registry.ts';

export interface Process extends AsyncDisposable {
  readonly node: Node;
}

export interface GatewayProcess extends Process {
  readonly core: GatewayCore;
}

const logEpoch = 1;
/** So few that some conversations are forgotten. */
const rememberedMax = 1;

function openShared(cluster: Cluster, name: string) {
  const node = new Node(cluster, name);
  const { world, connection } = node;
  const log = new NatsEventLog({ connection, world, shards: cluster.shards });
  const call = <Result>(run: () => Promise<Result>): Promise<Result> => node.call(cluster.stores, run);
  const readModels = {
    timeline: fixedGeneration(stagedStore(cluster.timeline, call)),
    conversations: fixedGeneration(stagedStore(cluster.conversations, call)),
  };
  const sessions = withDoubt(node.remote(cluster.redis, () => cluster.registry));
  const leases = node.remote(cluster.leasing, () => cluster.leases);
  const leaseTerms = (role: string): LeaseTerms => ({ role, leases, worker: name, observer: silentLeases });
  return { node, world, connection, log, readModels, sessions, leaseTerms };
}

const silentLeases = { shardsChanged: () => undefined, leasesUnavailable: () => undefined };

/** What no fault may bring about is an alarm. */
function watch(cluster: Cluster, node: Node) {
  const alarm = (what: string, error: unknown): void => cluster.alarm(node.name, `${what}: ${String(error)}`);
  return {
    applied: () => undefined,
    retrying: () => undefined,
    stopped: (_reader: string, _shard: number, error: unknown) => alarm('a reader stopped', error),
    parked: (projection: string, parked: object) => alarm(`${projection} parked`, JSON.stringify(parked)),
    passedOver: () => undefined,
    voided: () => undefined,
    beatFailed: () => undefined,
  };
}

export function startProjector(cluster: Cluster, name: string): Process {
  const { node, world, log, readModels, leaseTerms } = openShared(cluster, name);
  const running = runProjector({
    ...readModels,
    log: shareReads(log, 'projector'),
    world,
    observer: watch(cluster, node),
    leaseTerms,
  });
  return { node, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

export function startDelivery(cluster: Cluster, name: string): Process {
  const shared = openShared(cluster, name);
  const { node, connection, leaseTerms } = shared;
  const running = runDelivery({
    ...shared,
    ...createReadSide({ ...shared, ...shared.readModels }),
    logEpoch,
    rememberedMax,
    bus: natsGatewayBus(connection),
    checkpoints: node.remote(cluster.stores, () => cluster.checkpoints),
    observer: watch(cluster, node),
    lease: leaseTerms('delivery'),
  });
  return { node, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

export async function startGateway(cluster: Cluster, name: string): Promise<GatewayProcess> {
  const shared = openShared(cluster, name);
  const { node, connection } = shared;
  const core = await createGatewayCore({
    ...shared,
    ...createReadSide({ ...shared, ...shared.readModels }),
    bus: natsGatewayBus(connection),
    rates: { take: async () => 0 },
    digest,
    tokens: { verify: async (token) => ({ userId: token as UserId, tokenExpTs: Number.MAX_SAFE_INTEGER }) },
    logger: loggerOf(cluster, node),
    observer: silentGateway,
    readiness: [],
    config: {
      host: '',
      port: 0,
      logEpoch,
      jwt: {},
      origins: [],
      rateLimits: false,
      drainMs: 3_000,
      limits: LIMITS,
    },
  });
  return { node, core, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
}

/** An error is a broken invariant, or a failure of the world that its text names. */
function loggerOf(cluster: Cluster, { name }: Node) {
  const textOf = (fields: object, message: string): string =>
    'err' in fields ? `${message}: ${String(fields.err)}` : message;
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object, message: string) => cluster.story.tell(name, textOf(fields, message)),
    error(fields: object, message: string) {
      const text = textOf(fields, message);
      if (/Unavailable/.test(text)) cluster.story.tell(name, text);
      else cluster.alarm(name, text);
    },
  };
}

const silentGateway = {
  connectionOpened: () => undefined,
  connectionClosed: () => undefined,
  frameIn: () => undefined,
  frameOut: () => undefined,
  acked: () => undefined,
  refused: () => undefined,
  delivered: () => undefined,
  slowConsumer: () => undefined,
  batchHole: () => undefined,
  conversationResumed: () => undefined,
  resumed: () => undefined,
  resynced: () => undefined,
  httpAnswered: () => undefined,
};

// A fleet in this process: gateways, each with its own connections, behind one delivery and one projector, on a real
// nats-server (R1) and a real Valkey. Read models are in memory, for they are not what is tested here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runDelivery } from '@parley/delivery';
import type { DeliveryBatch, GatewayBus, GatewayId, UserId } from '@parley/domain';
import { createGateway, type Gateway, type GatewayConfig } from '@parley/gateway';
import { loadConfig } from '@parley/infra/config';
import { createMemoryConversations, createMemoryTimeline, createRateBuckets } from '@parley/infra/memory';
import { connectNats, natsGatewayBus, NatsEventLog, openCheckpoints, createDeployment } from '@parley/infra/nats';
import { openSessionRegistry } from '@parley/infra/redis';
import { createWorld, digest } from '@parley/infra/runtime';
import { startTestServer, startTestValkey, type TestValkey } from '@parley/infra/testing';
import { createReadSide, fixedGeneration } from '@parley/projections';
import { runProjector } from '@parley/projector';
import { RecordingClient, type HistoryRecorder } from '@parley/proof';
import { observe } from '../src/observe.ts';
import { standaloneGateway } from '../src/settings.ts';

export interface FleetOptions {
  readonly gateways?: number;
  readonly limits?: Partial<GatewayConfig['limits']>;
  /** True loses this publish on its way from delivery. */
  readonly loses?: (batch: DeliveryBatch) => boolean;
}

/** What delivery published with frames in it. */
export interface Published {
  readonly gatewayId: GatewayId;
  readonly batch: DeliveryBatch;
}

export interface Fleet extends AsyncDisposable {
  readonly gateways: readonly Gateway[];
  readonly natsUrl: string;
  readonly valkey: TestValkey;
  readonly published: readonly Published[];
  token(userId: string): Promise<string>;
  /** Connected to the gateway of that number; asked again before each connection. */
  client(userId: string, gateway: () => number, query?: string): RecordingClient;
  /** A device whose every frame goes into the history. */
  recorded(
    history: HistoryRecorder,
    userId: string,
    at: { readonly gateway: number; readonly device: string },
  ): RecordingClient;
  /** Its links to NATS and Valkey are cut first: it takes leave of nobody but its sockets. */
  kill(gateway: number): Promise<void>;
}

const shards = 2;

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  await using starting = new AsyncDisposableStack();
  const servers = await startServers(starting);
  const house = await openHouse(servers, starting);
  const published: Published[] = [];
  starting.use(
    runDelivery({
      ...house,
      ...createReadSide(house),
      sessions: starting.use(await openRegistry(servers)),
      bus: watched(natsGatewayBus(house.connection), published, options.loses ?? (() => false)),
      checkpoints: await openCheckpoints(house.connection, house.logEpoch),
      observer: house.observed.runner,
    }),
  );
  const config = { ...house.config, limits: { ...house.config.limits, ...options.limits } };
  const members = await Promise.all(
    Array.from({ length: options.gateways ?? 3 }, async () => startMember({ ...house, config, servers })),
  );
  for (const member of members) starting.use(member);
  await Promise.all(members.map(({ gateway }) => untilReady(gateway)));

  const gateways = members.map(({ gateway }) => gateway);
  const token = async (userId: string): Promise<string> => (await config.devTokens?.issueToken(userId as UserId)) ?? '';
  const urlOf = (gateway: number, query: string): string =>
    `${gateways[gateway]?.url.replace('http', 'ws')}/v1/ws${query}`;
  const running = starting.move();
  return {
    gateways,
    natsUrl: servers.natsUrl,
    valkey: servers.valkey,
    published,
    token,
    client: (userId, gateway, query = '') =>
      started(new RecordingClient({ url: () => urlOf(gateway(), query), userId, token })),
    recorded: (history, userId, { gateway, device }) =>
      started(new RecordingClient({ url: () => urlOf(gateway, `?device=${device}`), userId, device, token, history })),
    kill: async (gateway) => members[gateway]?.kill(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function started(client: RecordingClient): RecordingClient {
  client.start();
  return client;
}

interface Servers {
  readonly natsUrl: string;
  readonly valkey: TestValkey;
}

async function startServers(parts: AsyncDisposableStack): Promise<Servers> {
  const nats = parts.use(await startTestServer());
  return { natsUrl: nats.url, valkey: parts.use(await startTestValkey()) };
}

const openRegistry = ({ valkey }: Servers) =>
  openSessionRegistry({ urls: [valkey.url], world: createWorld(), report: () => undefined });

/** What all share: the log's deployment, read models with their projector, configuration. */
async function openHouse({ natsUrl }: Servers, parts: AsyncDisposableStack) {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'parley-fleet-'));
  parts.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const config = loadConfig('standalone', {
    PARLEY_DATA_DIR: dataDir,
    PARLEY_PORT: '0',
    PARLEY_RATE_LIMITS: 'off',
    PARLEY_LOG_LEVEL: 'fatal',
    PARLEY_DRAIN_MS: '1000',
  });
  const connection = parts.use(await connectNats({ servers: natsUrl, name: 'fleet' }));
  const world = createWorld();
  const observed = observe(config, world);
  const { logEpoch } = await createDeployment({ connection, world, shards, replicas: 1 });
  const log = parts.use(new NatsEventLog({ connection, world, shards }));
  const readModels = {
    timeline: fixedGeneration(createMemoryTimeline()),
    conversations: fixedGeneration(createMemoryConversations()),
  };
  parts.use(runProjector({ ...readModels, log, world, observer: { ...observed.runner, ...observed.projection } }));
  const made = await standaloneGateway(config, logEpoch);
  return { config: made, observed, connection, log, logEpoch, world, ...readModels };
}

type House = Awaited<ReturnType<typeof openHouse>>;

interface Member extends AsyncDisposable {
  readonly gateway: Gateway;
  kill(): Promise<void>;
}

async function startMember(house: House & { readonly servers: Servers }): Promise<Member> {
  await using starting = new AsyncDisposableStack();
  const { world, observed, config, servers } = house;
  const connection = starting.use(await connectNats({ servers: servers.natsUrl, name: 'gateway' }));
  const registry = starting.use(await openRegistry(servers));
  const log = starting.use(new NatsEventLog({ connection, world, shards }));
  const { logger } = observed;
  const observer = observed.gateway();
  const deps = { log, sessions: registry, bus: natsGatewayBus(connection), world, digest, logger, observer, config };
  const readSide = createReadSide({ ...house, log });
  const gateway = starting.use(
    await createGateway({ ...readSide, ...deps, rates: createRateBuckets(world), readiness: [] }),
  );
  const running = starting.move();
  return {
    gateway,
    async kill() {
      registry[Symbol.dispose]();
      await connection.nc.close();
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function untilReady(gateway: Gateway): Promise<void> {
  while (gateway.notReady().length > 0) await createWorld().sleep(10);
}

const watched = (bus: GatewayBus, published: Published[], loses: (batch: DeliveryBatch) => boolean): GatewayBus => ({
  ...bus,
  publish(gatewayId, batch) {
    if (batch.deliveries.length > 0) published.push({ gatewayId, batch });
    if (!loses(batch)) bus.publish(gatewayId, batch);
  },
});

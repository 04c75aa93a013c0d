// A gateway with everything behind it in memory, on a real port.
import { NO_POSITION, type EventLog, type SessionRegistry, type Shard, type World } from '@parley/domain';
import {
  createMemoryConversations,
  createMemoryTimeline,
  createSessionRegistry,
  MemoryEventLog,
  createRateBuckets,
} from '@parley/infra/memory';
import { digest } from '@parley/infra/runtime';
import {
  conversations,
  createReadSide,
  fixedGeneration,
  projectionReader,
  runReader,
  timeline,
  type ProjectionObserver,
  type RunnerObserver,
  type TimelineStore,
} from '@parley/projections';
import { LIMITS, type ConversationSummary, type Problem, type StoredMessage, type WireLimits } from '@parley/protocol';
import { SignJWT } from 'jose';
import type { GatewayConfig, GatewayDependencies, GatewayObserver } from '../dependencies.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import { TestBus } from './bus.ts';
import { TestClient } from './client.ts';
import { createMovingWorld, type MovingWorld } from './moving-world.ts';

export const secret = 'a secret of at least thirty-two bytes';

export interface House extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly world: MovingWorld;
  readonly bus: TestBus;
  readonly log: EventLog;
  readonly registry: SessionRegistry;
  /** What the observer heard, by name. */
  readonly heard: Map<string, unknown[][]>;
  /** What was logged as an error. */
  readonly errors: object[];
  token(userId: string, claims?: { readonly expiresInMs?: number }): Promise<string>;
  /** With `hello` already taken. */
  connect(userId: string, query?: Readonly<Record<string, string>>): Promise<TestClient>;
  open(token: string, query?: string, subprotocol?: string): TestClient;
  /** `POST /v1/conversations`, as that user. */
  call(userId: string, call: `${string} /${string}`, body?: unknown): Promise<Response>;
  /** A `client_msg_id` minted now. */
  newId(): string;
}

export interface HouseOptions {
  readonly limits?: Partial<WireLimits>;
  readonly config?: Partial<GatewayConfig>;
  readonly dependencies?: (made: GatewayDependencies) => Partial<GatewayDependencies>;
  /** Another gateway of the same fleet: it shares its registry and bus, so sessions, not messages. */
  readonly beside?: House;
  /** What pages, look-ups and resumes read instead of the store that is written. */
  readonly timelineStore?: (written: TimelineStore) => TimelineStore;
  /** False: no batch has come from delivery yet. */
  readonly isReached?: boolean;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const world = createMovingWorld();
  const log = new MemoryEventLog({ shards: 1, world });
  const bus = options.beside?.bus ?? new TestBus();
  const registry = options.beside?.registry ?? createSessionRegistry(world);
  const { readSide, projector } = startReadSide(log, world, options.timelineStore);
  const heard = new Map<string, unknown[][]>();
  const errors: object[] = [];
  const made: GatewayDependencies = {
    ...readSide,
    log,
    sessions: registry,
    bus,
    rates: createRateBuckets(world),
    world,
    digest,
    logger: { debug() {}, info() {}, warn() {}, error: (fields) => void errors.push(fields) },
    observer: recorder(heard),
    readiness: [],
    config: { ...defaults, ...options.config, limits: { ...LIMITS, ...options.limits } },
  };
  const gateway = await createGateway({ ...made, ...options.dependencies?.(made) });
  if (options.isReached !== false) bus.send({ shard: 0 as Shard, after: NO_POSITION, last: NO_POSITION });
  return {
    gateway,
    world,
    bus,
    log,
    registry,
    heard,
    errors,
    ...clientsOf(gateway, world),
    ...disposing(gateway, projector),
  };
}

const defaults: Omit<GatewayConfig, 'limits'> = {
  host: '127.0.0.1',
  port: 0,
  logEpoch: 1,
  jwt: { secret },
  origins: [],
  rateLimits: true,
  drainMs: 1_000,
};

const disposing = (gateway: Gateway, projector: AsyncDisposable): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    await gateway[Symbol.asyncDispose]();
    await projector[Symbol.asyncDispose]();
  },
});

function startReadSide(log: EventLog, world: World, read: HouseOptions['timelineStore'] = (written) => written) {
  const timelineStore = createMemoryTimeline();
  const conversationStore = createMemoryConversations();
  const projector = new AsyncDisposableStack();
  const made = { log, world, generation: 1, observer: silent };
  projector.use(runReader(projectionReader(timeline, timelineStore, made), made));
  projector.use(runReader(projectionReader(conversations, conversationStore, made), made));
  const served = {
    log,
    world,
    timeline: fixedGeneration(read(timelineStore)),
    conversations: fixedGeneration(conversationStore),
  };
  return { projector, readSide: createReadSide(served) };
}

const silent: RunnerObserver & ProjectionObserver = {
  applied() {},
  retrying() {},
  stopped() {},
  parked() {},
  passedOver() {},
  voided() {},
};

function recorder(heard: House['heard']): GatewayObserver {
  const record =
    (name: string) =>
    (...values: unknown[]) => {
      heard.set(name, [...(heard.get(name) ?? []), values]);
    };
  return {
    connectionOpened: record('connectionOpened'),
    connectionClosed: record('connectionClosed'),
    frameIn: record('frameIn'),
    frameOut: record('frameOut'),
    acked: record('acked'),
    refused: record('refused'),
    delivered: record('delivered'),
    slowConsumer: record('slowConsumer'),
    batchHole: record('batchHole'),
    conversationResumed: record('conversationResumed'),
    resumed: record('resumed'),
    resynced: record('resynced'),
    httpAnswered: record('httpAnswered'),
  };
}

function clientsOf({ url }: Gateway, world: World) {
  const token: House['token'] = async (userId, { expiresInMs = 3_600_000 } = {}) =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setExpirationTime(Math.floor((world.now() + expiresInMs) / 1000))
      .sign(new TextEncoder().encode(secret));
  const open: House['open'] = (bearer, query = '', subprotocol = 'chat.v1') =>
    new TestClient(`${url.replace('http', 'ws')}/v1/ws${query}`, [subprotocol, `bearer.${bearer}`]);
  return {
    token,
    open,
    newId: () => world.uuid(),
    async connect(userId: string, query: Readonly<Record<string, string>> = {}) {
      const client = open(await token(userId), `?${new URLSearchParams(query).toString()}`);
      await client.next('hello');
      return client;
    },
    async call(userId: string, call: string, body?: unknown) {
      const [method = '', path = ''] = call.split(' ');
      const headers = { authorization: `Bearer ${await token(userId)}` };
      return fetch(url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    },
  };
}

/** A body that is what the test says: what it is not, its expectations tell. */
export const bodyOf = async <Body = Problem & ConversationSummary & StoredMessage>(response: Response): Promise<Body> =>
  (await response.json()) as Body;

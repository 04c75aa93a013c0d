// The gateway without a port: its sessions, the live path, REST. Whoever has sockets hands them in: `gateway.ts` those of
// uWebSockets.js, the simulation its own.
import type { GatewayId, TimestampMs } from '@parley/domain';
import packageJson from '../package.json' with { type: 'json' };
import { createOriginCheck } from './auth/origins.ts';
import type { TokenVerifier } from './auth/tokens.ts';
import { createKeyedQueue } from './commands/keyed-queue.ts';
import { createConnections, type Connections } from './connections.ts';
import type { HandlerContext } from './context.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { drainSessions } from './drain.ts';
import { every } from './every.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { HttpService } from './http.ts';
import { createInFlight } from './in-flight.ts';
import { startLive } from './live/live.ts';
import { createPages } from './rest/pages.ts';
import { createRest } from './rest/service.ts';
import { createSessions, settleMs } from './sessions.ts';

export type { Admitted, Connection, Connections } from './connections.ts';
export type { GatewayConfig, GatewayDependencies, GatewayLogger, GatewayObserver } from './dependencies.ts';
export type { HttpAnswer, HttpRequest, HttpService } from './http.ts';
export type { Socket } from './session.ts';

export interface CoreDependencies extends GatewayDependencies {
  readonly tokens: TokenVerifier;
}

/** Disposing drains. */
export interface GatewayCore extends AsyncDisposable {
  readonly gatewayId: GatewayId;
  readonly context: HandlerContext;
  readonly connections: Connections;
  readonly http: HttpService;
  /** Why it takes no work now; none: it does. */
  notReady(): readonly string[];
  /** Sends everybody away; resolves within `drainMs`. It still answers HTTP, so that supervisors see it go. */
  drain(): Promise<void>;
}

/** Resumes that wait or run over all sessions; each session has a bound of its own. */
const resumesMax = 100_000;

export async function createGatewayCore(dependencies: CoreDependencies): Promise<GatewayCore> {
  const { bus, config, world, logger, log, sessions: registry, tokens } = dependencies;
  const { limits } = config;
  await using parts = new AsyncDisposableStack();
  const gatewayId = world.uuid();
  const { sessionsPerUserMax } = limits;
  const sessions = createSessions({ gatewayId, registry, bus, sessionsPerUserMax, logger });
  const { logEpoch } = config;
  const { shards } = log;
  const live = parts.use(await startLive({ ...dependencies, gatewayId, logEpoch, shards, registry, sessions }));
  parts.use(startHeartbeat(world, sessions, limits));
  parts.use(every(world, settleMs, () => sessions.settle()));

  let draining: Promise<void> | undefined;
  const notReady = (): readonly string[] =>
    [draining && 'draining', live.notReady(), ...dependencies.readiness.map((probe) => probe())].filter(
      (reason) => reason !== undefined,
    );

  const context = createContext(dependencies);
  const { inFlight } = context;
  const isAllowedOrigin = createOriginCheck(config.origins);
  const rules = { tokens, isAllowedOrigin, notReady };
  const pages = createPages(packageJson.version, config.page);
  const drain = (): Promise<void> =>
    (draining ??= drainSessions({ sessions, inFlight, world, drainMs: config.drainMs, limits }));
  const running = parts.move();
  return {
    gatewayId,
    context,
    connections: createConnections({ gatewayId, context, sessions, rules }),
    http: createRest({ context: { ...context, notReady }, isAllowedOrigin, pages }),
    notReady,
    drain,
    async [Symbol.asyncDispose]() {
      await drain();
      await running.disposeAsync();
    },
  };
}

function createContext(dependencies: CoreDependencies): HandlerContext {
  const { config, world, log, states, timeline, conversations, rates, digest, logger, observer, trace, tokens } =
    dependencies;
  const { limits } = config;
  const now = (): TimestampMs => world.now();
  const queue = createKeyedQueue({ sizeMax: limits.outboxAppendsMax, waitMsMax: limits.outboxWaitMsMax, now });
  const resumes = createKeyedQueue({ sizeMax: resumesMax, now });
  const inFlight = createInFlight();
  return {
    log,
    states,
    timeline,
    conversations,
    rates,
    world,
    digest,
    logger,
    observer,
    trace,
    tokens,
    config,
    limits,
    queue,
    resumes,
    inFlight,
  };
}

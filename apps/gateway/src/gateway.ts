// The gateway: what it is made of, how it starts, how it leaves.
import type { GatewayId, TimestampMs } from '@parley/domain';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import packageJson from '../package.json' with { type: 'json' };
import { createOriginCheck } from './auth/origins.ts';
import { createTokenVerifier, type TokenVerifier } from './auth/tokens.ts';
import { createKeyedQueue } from './commands/keyed-queue.ts';
import type { HandlerContext } from './context.ts';
import type { GatewayDependencies } from './dependencies.ts';
import { drainSessions } from './drain.ts';
import { every } from './every.ts';
import { startHeartbeat } from './heartbeat.ts';
import { serveHttp } from './http.ts';
import { createInFlight } from './in-flight.ts';
import { startLive } from './live/live.ts';
import { createPages } from './rest/pages.ts';
import { createRest } from './rest/service.ts';
import { createSessions, settleMs } from './sessions.ts';
import { serveSockets } from './socket.ts';
import { uWS } from './uws.ts';

/** Disposing drains, then lets go of the port. */
export interface Gateway extends AsyncDisposable {
  readonly gatewayId: GatewayId;
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** Why it takes no work now; none: it does. */
  notReady(): readonly string[];
  /** Sends everybody away; resolves within `drainMs`. It still answers HTTP, so that supervisors see it go. */
  drain(): Promise<void>;
}

/** Resumes that wait or run over all sessions; each session has a bound of its own. */
const resumesMax = 100_000;

/** Listens when it resolves; takes sockets once `notReady()` is empty. */
export async function createGateway(dependencies: GatewayDependencies): Promise<Gateway> {
  const { config, world, logger, observer, log, sessions: registry } = dependencies;
  await using parts = new AsyncDisposableStack();
  const gatewayId = world.uuid();
  const { bus } = dependencies;
  const { sessionsPerUserMax } = config.limits;
  const sessions = createSessions({ gatewayId, registry, bus, sessionsPerUserMax, logger });
  const live = parts.use(
    await startLive({
      gatewayId,
      logEpoch: config.logEpoch,
      shards: log.shards,
      bus,
      registry,
      sessions,
      world,
      logger,
      observer,
    }),
  );
  parts.use(startHeartbeat(world, sessions, config.limits));
  parts.use(every(world, settleMs, () => sessions.settle()));

  let draining: Promise<void> | undefined;
  const notReady = (): readonly string[] =>
    [draining && 'draining', live.notReady(), ...dependencies.readiness.map((probe) => probe())].filter(
      (reason) => reason !== undefined,
    );

  const tokens = parts.use(
    await createTokenVerifier({ jwt: config.jwt, tokenBytesMax: config.limits.tokenBytesMax, world, logger }),
  );
  const context = createContext(dependencies, tokens);
  const isAllowedOrigin = createOriginCheck(config.origins);
  const app = parts.adopt(uWS.App(), (opened) => void opened.close());
  serveSockets(app, { gatewayId, context, sessions, rules: { tokens, isAllowedOrigin, notReady } });
  const pages = createPages(packageJson.version, config.page);
  serveHttp(app, createRest({ context: { ...context, notReady }, isAllowedOrigin, pages }), logger);
  const port = await listen(app, config);

  const drain = (): Promise<void> =>
    (draining ??= drainSessions({
      sessions,
      inFlight: context.inFlight,
      world,
      drainMs: config.drainMs,
      limits: config.limits,
    }));
  const running = parts.move();
  return {
    gatewayId,
    port,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    notReady,
    drain,
    async [Symbol.asyncDispose]() {
      await drain();
      await running.disposeAsync();
    },
  };
}

function createContext(dependencies: GatewayDependencies, tokens: TokenVerifier): HandlerContext {
  const { config, world, log, states, timeline, conversations, rates, digest, logger, observer } = dependencies;
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
    tokens,
    config,
    limits,
    queue,
    resumes,
    inFlight,
  };
}

/** The library takes options between port and callback also when there is a host; its types do not say so. */
type ExclusiveApp = TemplatedApp & {
  listen(host: string, port: number, options: number, on: (token: us_listen_socket | false) => void): TemplatedApp;
};

/** LIBUS_LISTEN_EXCLUSIVE_PORT, which the types put where the library has nothing. */
const exclusivePort = 1;

function listen(app: TemplatedApp, { host, port }: GatewayDependencies['config']): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without it a second process would share the port (SO_REUSEPORT) and take half of our clients.
    (app as ExclusiveApp).listen(host, port, exclusivePort, (token) => {
      if (token) resolve(uWS.us_socket_local_port(token));
      else
        reject(
          new Error(
            `cannot listen on ${host}:${port}: the port is taken, or this machine has no such address; ` +
              'set PARLEY_PORT to another (0: any free one), or PARLEY_HOST',
          ),
        );
    });
  });
}

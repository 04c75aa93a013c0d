// A WebSocket from the request to open one to its end, whoever carries its bytes: `socket.ts` does for uWebSockets.js, the
// simulation for a network of its own.
import type { GatewayId, SessionEntry } from '@parley/domain';
import { helloLimits, refusalToError, type HelloFrame } from '@parley/protocol';
import type { HandlerContext } from './context.ts';
import { receive, type Incoming } from './dispatch.ts';
import { failureToRefusal } from './failures.ts';
import { Session, type Socket } from './session.ts';
import type { Sessions } from './sessions.ts';
import { decideUpgrade, type UpgradeDecision, type UpgradeRequest, type UpgradeRules } from './upgrade.ts';

export interface ConnectionService {
  readonly gatewayId: GatewayId;
  readonly context: HandlerContext;
  readonly sessions: Sessions;
  readonly rules: UpgradeRules;
}

export type Refusal = Extract<UpgradeDecision, { type: 'refused' }>;
export type Admitted = Extract<UpgradeDecision, { type: 'admitted' }> & { readonly entry: SessionEntry };

export interface Connections {
  /** Never rejects. Whoever is admitted is in the registry (see `live/live.ts`): connect it, or abandon it. */
  admit(request: UpgradeRequest): Promise<Refusal | Admitted>;
  /** Nobody is there any more to connect. */
  abandon(admitted: Admitted): Promise<void>;
  connect(admitted: Admitted, socket: Socket): Connection;
}

/** What the socket's events do. */
export interface Connection {
  /** First. Says `hello`; the socket may be closed before it returns. */
  opened(): void;
  received(incoming: Incoming): void;
  /** A ping came, or the answer to one. */
  heard(): void;
  /** The network took some of what waited. */
  drained(): void;
  /** Last, once, whoever ended it. */
  closed(code: number): void;
}

export function createConnections(service: ConnectionService): Connections {
  return {
    admit: (request) => admit(service, request),
    abandon: ({ entry }) => service.sessions.unregister(entry),
    connect: (admitted, socket) => connect(service, admitted, socket),
  };
}

async function admit(service: ConnectionService, request: UpgradeRequest): Promise<Refusal | Admitted> {
  try {
    const decision = await decideUpgrade(service.rules, request);
    if (decision.type === 'refused') return decision;
    const entry = entryOf(service, decision.client);
    await service.sessions.register(entry);
    return { ...decision, entry };
  } catch (error) {
    const refusal = failureToRefusal(service.context.logger, error, { during: 'upgrade' });
    return { type: 'refused', error: refusalToError(refusal) };
  }
}

function entryOf({ gatewayId, context }: ConnectionService, { userId, query }: Admitted['client']): SessionEntry {
  // The connection's own: a superseded one that closes late must not take the new one's entry with it.
  const sessionId = context.world.uuid();
  const deviceId = query.device ?? context.world.uuid();
  return { userId, sessionId, deviceId, name: query.session ?? sessionId, gatewayId };
}

function connect(service: ConnectionService, { client, entry }: Admitted, socket: Socket): Connection {
  const { context, sessions } = service;
  const { limits, world, observer, logger } = context;
  const { userId, sessionId, deviceId } = entry;
  const session = new Session({
    entry,
    format: client.format,
    socket,
    tokenExpTs: client.tokenExpTs,
    limits,
    world,
    onSlow: () => observer.slowConsumer(),
    onWritten: (bytes) => observer.frameOut(bytes),
  });
  return {
    opened() {
      observer.connectionOpened();
      logger.debug({ sessionId, userId, deviceId }, 'a session begins');
      sessions.open(session);
      session.send(hello(service, session));
    },
    received: (incoming) => receive(context, session, incoming),
    heard: () => void (session.lastHeardTs = world.now()),
    drained: () => session.drained(),
    closed(code) {
      session.closed();
      sessions.closed(session);
      observer.connectionClosed(code);
      logger.debug({ sessionId, userId, code }, 'a session has ended');
    },
  };
}

const hello = ({ context }: ConnectionService, { entry, tokenExpTs }: Session): HelloFrame => ({
  type: 'hello',
  session_id: entry.name,
  user_id: entry.userId,
  device_id: entry.deviceId,
  server_ts: context.world.now(),
  heartbeat_ms: context.limits.heartbeatMs,
  token_exp_ts: tokenExpTs,
  log_epoch: context.config.logEpoch,
  limits: helloLimits(context.limits),
});

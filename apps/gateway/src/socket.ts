// uWebSockets.js: upgrades, bytes in, frames out, back-pressure. Nothing behind this file knows it.
import type { GatewayId, SessionEntry } from '@parley/domain';
import { helloLimits, refusalToError, WEBSOCKET_PATH } from '@parley/protocol';
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import type { HandlerContext } from './context.ts';
import { receive } from './dispatch.ts';
import { failureToRefusal, inBackground } from './failures.ts';
import { readHeaders, writeAnswer } from './http.ts';
import { errorAnswer, httpErrorAnswer } from './rest/answer.ts';
import { requestIdOf } from './rest/request-id.ts';
import { Session, type Socket } from './session.ts';
import type { Sessions } from './sessions.ts';
import { decideUpgrade, type UpgradeDecision, type UpgradeRules, type UpgradingClient } from './upgrade.ts';

export interface SocketOptions {
  readonly gatewayId: GatewayId;
  readonly context: HandlerContext;
  readonly sessions: Sessions;
  readonly rules: UpgradeRules;
}

interface SocketService extends SocketOptions {
  /** From their upgrade to their close. */
  readonly openSockets: Set<WebSocket<Connection>>;
}

/** What hangs on a connection from its upgrade on; the session from its opening on. */
interface Connection {
  readonly client: UpgradingClient;
  readonly entry: SessionEntry;
  session?: Session;
}

/** Up to this many times the limit a frame is answered `frame_too_large`; above it the library cuts the connection. */
const oversizeFactorMax = 4;

export function serveSockets(app: TemplatedApp, options: SocketOptions): void {
  const openSockets = new Set<WebSocket<Connection>>();
  const service = { ...options, openSockets };
  const { context, sessions } = service;
  app.ws<Connection>(WEBSOCKET_PATH, {
    maxPayloadLength: context.limits.frameBytesMax * oversizeFactorMax,
    // Silence, pings and back-pressure are ours, with close codes of our own: 0 switches the library's off.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    maxBackpressure: 0,
    upgrade: (response, request, socketContext) => beginUpgrade(service, { response, request, socketContext }),
    open(ws) {
      openSockets.add(ws);
      // Not while it is corked: who is closed at once would get our close frame, and no end of the connection after it.
      setImmediate(() => openSockets.has(ws) && opened(service, ws));
    },
    message(ws, message, isBinary) {
      const { session } = ws.getUserData();
      if (session) receive(context, session, { message, isBinary });
    },
    ping: (ws) => heard(service, ws),
    pong: (ws) => heard(service, ws),
    drain: (ws) => ws.getUserData().session?.drained(),
    close(ws, code) {
      openSockets.delete(ws);
      const { session, entry } = ws.getUserData();
      if (!session) return inBackground(context.logger, sessions.unregister(entry), 'unregister');
      session.closed();
      sessions.closed(session);
      context.observer.connectionClosed(code);
    },
  });
}

interface Upgrading {
  readonly response: HttpResponse;
  readonly request: HttpRequest;
  readonly socketContext: us_socket_context_t;
}

function beginUpgrade(service: SocketService, { response, request, socketContext }: Upgrading): void {
  const aborted = new AbortController();
  response.onAborted(() => aborted.abort());
  // The request is gone at the first await.
  const headers = readHeaders(request);
  const query = request.getQuery();
  const upgrading = admit(service, { headers, query }).then(async (admission) => {
    if (!aborted.signal.aborted)
      corked(service, response, () => endUpgrade(service, { response, socketContext, headers }, admission));
    else if (admission.type === 'admitted') await service.sessions.unregister(admission.entry);
  });
  inBackground(service.context.logger, upgrading, 'upgrade');
}

/**
 * Before its #1929 (2026-07) uWebSockets.js takes a socket that was upgraded within its own `cork` for a response still, unless it
 * moved in memory, and closes it: up to one in fifty. While another socket is corked, that `cork` only runs the task; without any
 * there is none, and the library prints a warning, which is the better of the two.
 */
function corked({ openSockets }: SocketService, response: HttpResponse, task: () => void): void {
  const other = openSockets.values().next().value;
  if (other) other.cork(() => void response.cork(task));
  else task();
}

type Headers = Readonly<Record<string, string>>;

function endUpgrade(
  service: SocketService,
  { response, socketContext, headers }: Omit<Upgrading, 'request'> & { readonly headers: Headers },
  admission: Admission,
): void {
  if (admission.type === 'refused') return refuse(service, response, { headers, error: admission.error });
  const { client, entry } = admission;
  const key = headers['sec-websocket-key'] ?? '';
  const extensions = headers['sec-websocket-extensions'] ?? '';
  response.upgrade<Connection>({ client, entry }, key, client.subprotocol, extensions, socketContext);
}

type Refused = Extract<UpgradeDecision, { type: 'refused' }>;
type Admission =
  | Refused
  | { readonly type: 'admitted'; readonly client: UpgradingClient; readonly entry: SessionEntry };

/** Never rejects. Whoever is admitted is in the registry: the socket is opened after that (see `live/live.ts`). */
async function admit(service: SocketService, request: Parameters<typeof decideUpgrade>[1]): Promise<Admission> {
  try {
    const decision = await decideUpgrade(service.rules, request);
    if (decision.type === 'refused') return decision;
    const entry = entryOf(service, decision.client);
    await service.sessions.register(entry);
    return { ...decision, entry };
  } catch (error) {
    const refusal = failureToRefusal(service.context.logger, error, 'upgrade');
    return { type: 'refused', error: refusalToError(refusal) };
  }
}

function entryOf({ gatewayId, context }: SocketService, { userId, query }: UpgradingClient): SessionEntry {
  // The connection's own: a superseded one that closes late must not take the new one's entry with it.
  const sessionId = context.world.uuid();
  const deviceId = query.device ?? context.world.uuid();
  return { userId, sessionId, deviceId, name: query.session ?? sessionId, gatewayId };
}

function refuse(
  { context }: SocketService,
  response: HttpResponse,
  { headers, error }: Pick<Refused, 'error'> & { readonly headers: Headers },
): void {
  const requestId = requestIdOf(headers, context.world);
  context.observer.refused(error === 'unauthenticated' ? error : error.code);
  const answer = error === 'unauthenticated' ? httpErrorAnswer(error, requestId) : errorAnswer(error, requestId);
  writeAnswer(response, { ...answer, headers: { ...answer.headers, 'x-request-id': requestId } });
}

function opened({ context, sessions }: SocketService, ws: WebSocket<Connection>): void {
  const connection = ws.getUserData();
  const { client, entry } = connection;
  const { limits, world, observer, config } = context;
  const session = new Session({
    entry,
    format: client.format,
    socket: uwsSocket(ws),
    tokenExpTs: client.tokenExpTs,
    limits,
    world,
    onSlow: () => observer.slowConsumer(),
  });
  connection.session = session;
  observer.connectionOpened();
  sessions.open(session);
  session.send({
    type: 'hello',
    session_id: entry.name,
    user_id: entry.userId,
    device_id: entry.deviceId,
    server_ts: world.now(),
    heartbeat_ms: limits.heartbeatMs,
    token_exp_ts: client.tokenExpTs,
    log_epoch: config.logEpoch,
    limits: helloLimits(limits),
  });
}

const uwsSocket = (ws: WebSocket<Connection>): Socket => ({
  send: (bytes, isBinary) => void ws.send(bytes, isBinary),
  get bufferedBytes() {
    return ws.getBufferedAmount();
  },
  ping: () => void ws.ping(),
  end: (code, reason) => ws.end(code, reason),
});

function heard({ context }: SocketService, ws: WebSocket<Connection>): void {
  const { session } = ws.getUserData();
  if (session) session.lastHeardTs = context.world.now();
}

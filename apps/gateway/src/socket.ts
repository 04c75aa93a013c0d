// uWebSockets.js: upgrades, bytes in, frames out, back-pressure. Nothing behind this file knows it.
import { WEBSOCKET_PATH } from '@parley/protocol';
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import type { Admitted, Connection, Connections, Refusal } from './connections.ts';
import type { HandlerContext } from './context.ts';
import { inBackground } from './failures.ts';
import { readHeaders, writeAnswer } from './http.ts';
import { errorAnswer, httpErrorAnswer } from './rest/answer.ts';
import { requestIdOf } from './rest/request-id.ts';
import type { Socket } from './session.ts';

export interface SocketOptions {
  readonly context: Pick<HandlerContext, 'limits' | 'logger' | 'observer' | 'world'>;
  readonly connections: Connections;
}

interface SocketService extends SocketOptions {
  /** From their upgrade to their close. */
  readonly openSockets: Set<WebSocket<SocketData>>;
}

/** What hangs on a socket from its upgrade on; the connection from its opening on. */
interface SocketData {
  readonly admitted: Admitted;
  connection?: Connection;
}

/** Up to this many times the limit a frame is answered `frame_too_large`; above it the library cuts the connection. */
const oversizeFactorMax = 4;

export function serveSockets(app: TemplatedApp, { context, connections }: SocketOptions): void {
  const openSockets = new Set<WebSocket<SocketData>>();
  const service = { context, connections, openSockets };
  app.ws<SocketData>(WEBSOCKET_PATH, {
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
    message: (ws, message, isBinary) => ws.getUserData().connection?.received({ message, isBinary }),
    ping: (ws) => ws.getUserData().connection?.heard(),
    pong: (ws) => ws.getUserData().connection?.heard(),
    drain: (ws) => ws.getUserData().connection?.drained(),
    close(ws, code) {
      openSockets.delete(ws);
      const { connection, admitted } = ws.getUserData();
      if (connection) connection.closed(code);
      else inBackground(context.logger, connections.abandon(admitted), 'unregister');
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
  const upgrading = service.connections.admit({ headers, query }).then(async (admission) => {
    if (admission.type === 'refused') {
      if (!aborted.signal.aborted) response.cork(() => refuse(service, response, { headers, error: admission.error }));
    } else if (aborted.signal.aborted) {
      await service.connections.abandon(admission);
    } else {
      besideItsCork(service, response, () => upgrade(admission, { response, socketContext, headers }));
    }
  });
  inBackground(service.context.logger, upgrading, 'upgrade');
}

/**
 * Before its #1929 (2026-07) uWebSockets.js takes a socket that was upgraded within its own `cork` for a response still, unless it
 * moved in memory, and closes it: up to one in fifty. While another socket is corked, that `cork` only runs the task; without any
 * there is none, and the library prints a warning, which is the better of the two.
 */
function besideItsCork({ openSockets }: SocketService, response: HttpResponse, task: () => void): void {
  const other = openSockets.values().next().value;
  if (other) other.cork(() => void response.cork(task));
  else task();
}

type Headers = Readonly<Record<string, string>>;

function upgrade(
  admission: Admitted,
  { response, socketContext, headers }: Omit<Upgrading, 'request'> & { readonly headers: Headers },
): void {
  const key = headers['sec-websocket-key'] ?? '';
  const extensions = headers['sec-websocket-extensions'] ?? '';
  const { subprotocol } = admission.client;
  response.upgrade<SocketData>({ admitted: admission }, key, subprotocol, extensions, socketContext);
}

function refuse(
  { context }: SocketService,
  response: HttpResponse,
  { headers, error }: Pick<Refusal, 'error'> & { readonly headers: Headers },
): void {
  const requestId = requestIdOf(headers, context.world);
  context.observer.refused(error === 'unauthenticated' ? error : error.code);
  const answer = error === 'unauthenticated' ? httpErrorAnswer(error, requestId) : errorAnswer(error, requestId);
  writeAnswer(response, { ...answer, headers: { ...answer.headers, 'x-request-id': requestId } });
}

function opened({ connections }: SocketService, ws: WebSocket<SocketData>): void {
  const data = ws.getUserData();
  data.connection = connections.connect(data.admitted, uwsSocket(ws));
  data.connection.opened();
}

const uwsSocket = (ws: WebSocket<SocketData>): Socket => ({
  send: (bytes, isBinary) => void ws.send(bytes, isBinary),
  get bufferedBytes() {
    return ws.getBufferedAmount();
  },
  ping: () => void ws.ping(),
  end: (code, reason) => ws.end(code, reason),
});

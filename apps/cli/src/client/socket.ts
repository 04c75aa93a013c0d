// The WebSocket as the client needs it: a browser's, Node's or a test's. Text frames only.
export interface Socket {
  send(text: string): void;
  close(): void;
}

/** Called in the order in which things happen; nothing is called after `closed`. */
export interface SocketHandlers {
  readonly received: (text: string) => void;
  /** Also when it never opened. `code` is 1006 when the other side said none. */
  readonly closed: (code: number, reason: string) => void;
}

export interface SocketRequest {
  readonly url: string;
  readonly protocols: readonly string[];
}

export type OpenSocket = (request: SocketRequest, handlers: SocketHandlers) => Socket;

/** With the WebSocket that browsers and Node have built in. */
export const openWebSocket: OpenSocket = ({ url, protocols }, handlers) => {
  const socket = new WebSocket(url, [...protocols]);
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') handlers.received(data);
  });
  socket.addEventListener('close', ({ code, reason }) => handlers.closed(code, reason));
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
};

/** Which of a user's devices this is; the same pair again takes the place of its older socket. */
export interface SessionName {
  readonly deviceId: string;
  readonly sessionId: string;
}

/** Browsers cannot set headers on a WebSocket, so the token travels as a second offered subprotocol, everywhere. */
export function socketRequest(baseUrl: URL, token: string, name: SessionName): SocketRequest {
  const url = new URL('/v1/ws', baseUrl);
  url.protocol = baseUrl.protocol === 'https:' || baseUrl.protocol === 'wss:' ? 'wss:' : 'ws:';
  url.searchParams.set('device', name.deviceId);
  url.searchParams.set('session', name.sessionId);
  return { url: url.href, protocols: ['chat.v1', `bearer.${token}`] };
}

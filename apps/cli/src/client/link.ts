// One socket's life: token, hello, heartbeat, new tokens, the server's wish that we come back elsewhere, the end. It ends
// once; what a socket says after that is nobody's.
import type { World } from '@parley/domain';
import { LIMITS, type ClientFrame, type HelloFrame, type ServerFrame } from '@parley/protocol';
import { parseServerFrame } from './parse-server-frame.ts';
import type { OpenSocket, Socket, SocketRequest } from './socket.ts';

export interface LinkOptions {
  readonly world: World;
  readonly openSocket: OpenSocket;
  readonly request: (token: string) => SocketRequest;
  readonly token: () => Promise<string>;
}

export interface LinkHandlers {
  readonly hello: (hello: HelloFrame) => void;
  /** Every other frame but those the link answers by itself. */
  readonly frame: (frame: ServerFrame) => void;
  readonly unreadable: (reason: string) => void;
  readonly ended: (end: LinkEnd) => void;
}

export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
  readonly wasOnline: boolean;
  /** The server named the moment to come back: this long from now. */
  readonly returnMs?: number;
}

/** RFC 6455 §7.4.1: the code when none was received. */
const abnormalClosure = 1006;

export class Link {
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  #socket: Socket | undefined;
  #heartbeatMs: number = LIMITS.heartbeatMs;
  #pongTimeoutMs: number = LIMITS.pongTimeoutMs;
  #isOnline = false;
  #hasEnded = false;
  #returnTs: number | undefined;
  /** The next ping, or the moment by which its pong must be here. */
  #heartbeat: Disposable | undefined;
  #return: Disposable | undefined;

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  open(): void {
    this.#connect().catch((error: unknown) => this.#end(abnormalClosure, reasonOf(error)));
  }

  get isOnline(): boolean {
    return this.#isOnline && !this.#hasEnded;
  }

  send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** After a wake-up or a change of network: is the other side still there? */
  probe(): void {
    if (this.isOnline) this.#ping();
  }

  close(): void {
    this.#end(1000, 'closed by this client');
  }

  async #connect(): Promise<void> {
    const token = await this.#options.token();
    if (this.#hasEnded) return;
    this.#expectWithin(this.#pongTimeoutMs, 'no hello');
    this.#socket = this.#options.openSocket(this.#options.request(token), {
      received: (text) => this.#received(text),
      closed: (code, reason) => this.#end(code, reason || 'connection lost'),
    });
  }

  #received(text: string): void {
    if (this.#hasEnded) return;
    const parsed = parseServerFrame(text);
    if (parsed.type === 'frame') this.#take(parsed.frame);
    else if (parsed.type === 'unreadable') this.#handlers.unreadable(parsed.reason);
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'hello':
        return this.#greet(frame);
      case 'pong':
        return this.#pingLater();
      case 'token_expiring':
        return void this.#renewToken();
      case 'reconnect':
        return this.#returnAfter(frame.after_ms);
      case 'authed':
        return undefined;
      default:
        return this.#handlers.frame(frame);
    }
  }

  #greet(hello: HelloFrame): void {
    this.#isOnline = true;
    this.#heartbeatMs = hello.heartbeat_ms;
    this.#pongTimeoutMs = hello.limits.pong_timeout_ms;
    this.#pingLater();
    this.#handlers.hello(hello);
  }

  #pingLater(): void {
    this.#heartbeat?.[Symbol.dispose]();
    this.#heartbeat = this.#options.world.schedule(this.#heartbeatMs, () => this.#ping());
  }

  #ping(): void {
    this.send({ type: 'ping' });
    this.#expectWithin(this.#pongTimeoutMs, 'no pong');
  }

  #expectWithin(timeoutMs: number, reason: string): void {
    this.#heartbeat?.[Symbol.dispose]();
    this.#heartbeat = this.#options.world.schedule(timeoutMs, () => this.#end(abnormalClosure, reason));
  }

  async #renewToken(): Promise<void> {
    try {
      this.send({ type: 'auth', token: await this.#options.token() });
    } catch (error) {
      // The old token still holds for a while; when it ends, the server closes and the next link asks again.
      this.#handlers.unreadable(`no new token: ${reasonOf(error)}`);
    }
  }

  #returnAfter(afterMs: number): void {
    this.#returnTs = this.#options.world.now() + afterMs;
    this.#return?.[Symbol.dispose]();
    this.#return = this.#options.world.schedule(afterMs, () => this.#end(abnormalClosure, 'asked to reconnect'));
  }

  #end(code: number, reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#heartbeat?.[Symbol.dispose]();
    this.#return?.[Symbol.dispose]();
    this.#socket?.close();
    const returnMs = this.#returnTs === undefined ? undefined : Math.max(0, this.#returnTs - this.#options.world.now());
    const end = { code, reason, wasOnline: this.#isOnline };
    this.#handlers.ended(returnMs === undefined ? end : { ...end, returnMs });
  }
}

/** What fetch says of a server that is not there is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

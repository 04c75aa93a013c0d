// Request and reply over core NATS with the timers of the injected world. The client library has its own `request`, with
// timers of its own; this one also fails at once when the link is lost, instead of waiting for an answer that cannot come.
import type { World } from '@parley/domain';
import { createInbox, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { Connection } from './connection.ts';

export type RequestFailure = 'timeout' | 'no-responders' | 'disconnected' | 'closed';

/** No answer. Whether the request was carried out is unknown. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly reason: RequestFailure;

  constructor(reason: RequestFailure) {
    super(reason);
    this.reason = reason;
  }
}

export interface Request {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly headers?: MsgHdrs;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly resolve: (reply: Msg) => void;
  readonly reject: (failure: RequestFailed) => void;
}

const noRespondersCode = 503;

export class Requests implements Disposable {
  readonly #connection: Connection;
  readonly #world: World;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #resources = new DisposableStack();
  #serial = 0;
  #isClosed = false;

  constructor(connection: Connection, world: World) {
    this.#connection = connection;
    this.#world = world;
    this.#inbox = createInbox();
    const subscription = connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, reply) => {
        if (error === null) this.#answer(reply);
      },
    });
    this.#resources.defer(() => subscription.unsubscribe());
    this.#resources.use(connection.listen({ lost: () => this.#failAll('disconnected') }));
  }

  /** Rejects with RequestFailed. */
  send(request: Request): Promise<Msg> {
    if (this.#isClosed || this.#connection.nc.isClosed()) return Promise.reject(new RequestFailed('closed'));
    if (!this.#connection.isUp) return Promise.reject(new RequestFailed('disconnected'));
    const token = (this.#serial++).toString(36);
    return new Promise((resolve, reject) => {
      const timer = this.#world.schedule(request.timeoutMs, () => {
        this.#settle(token)?.reject(new RequestFailed('timeout'));
      });
      const stopTimer = (): void => timer[Symbol.dispose]();
      this.#waiting.set(token, {
        resolve: (reply) => (stopTimer(), resolve(reply)),
        reject: (failure) => (stopTimer(), reject(failure)),
      });
      this.#publish(request, token);
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#resources[Symbol.dispose]();
    this.#failAll('closed');
  }

  #publish({ subject, payload, headers }: Request, token: string): void {
    const reply = `${this.#inbox}.${token}`;
    this.#connection.nc.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
  }

  #answer(reply: Msg): void {
    const waiting = this.#settle(reply.subject.slice(this.#inbox.length + 1));
    if (reply.data.length === 0 && reply.headers?.code === noRespondersCode) {
      waiting?.reject(new RequestFailed('no-responders'));
    } else {
      waiting?.resolve(reply);
    }
  }

  #settle(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    return waiting;
  }

  #failAll(reason: RequestFailure): void {
    for (const token of this.#waiting.keys()) this.#settle(token)?.reject(new RequestFailed(reason));
  }
}

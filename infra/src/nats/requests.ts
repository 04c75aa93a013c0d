// Request and reply over core NATS with the timers of the injected world. The client library has its own `request`, with
// timers of its own; this one also fails at once when the link is lost or NATS does not allow it, instead of waiting for an answer
// that cannot come.
import type { World } from '@parley/domain';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { Connection, PermissionDenied } from './connection.ts';

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
  readonly subject: string;
  readonly resolve: (reply: Msg) => void;
  readonly reject: (failure: RequestFailed | PermissionDenied) => void;
}

const noRespondersCode = 503;

export class Requests implements Disposable {
  readonly #connection: Connection;
  readonly #world: World;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #leaving: { readonly request: Request; readonly token: string }[] = [];
  readonly #resources = new DisposableStack();
  #serial = 0;
  #isClosed = false;
  /** We may not even hear answers. */
  #denied: PermissionDenied | undefined;

  constructor(connection: Connection, world: World) {
    this.#connection = connection;
    this.#world = world;
    this.#inbox = connection.createInbox();
    const subscription = connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, reply) => {
        if (error === null) this.#answer(reply);
      },
    });
    this.#resources.defer(() => subscription.unsubscribe());
    const lost = (): void => this.#failAll(new RequestFailed('disconnected'));
    this.#resources.use(connection.listen({ lost, refused: (denied) => this.#refuse(denied) }));
  }

  /** Rejects with RequestFailed, or with PermissionDenied, which no repetition heals. */
  send(request: Request): Promise<Msg> {
    if (this.#denied !== undefined) return Promise.reject(this.#denied);
    if (this.#isClosed || this.#connection.nc.isClosed()) return Promise.reject(new RequestFailed('closed'));
    if (!this.#connection.isUp) return Promise.reject(new RequestFailed('disconnected'));
    const token = (this.#serial++).toString(36);
    return new Promise((resolve, reject) => {
      const timer = this.#world.schedule(request.timeoutMs, () => {
        this.#settle(token)?.reject(new RequestFailed('timeout'));
      });
      const stopTimer = (): void => timer[Symbol.dispose]();
      this.#waiting.set(token, {
        subject: request.subject,
        resolve: (reply) => (stopTimer(), resolve(reply)),
        reject: (failure) => (stopTimer(), reject(failure)),
      });
      this.#publish(request, token);
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#resources[Symbol.dispose]();
    this.#failAll(new RequestFailed('closed'));
  }

  /** What is asked within one turn of the event loop leaves in one write: the client library writes at each microtask's end. */
  #publish(request: Request, token: string): void {
    if (this.#leaving.length === 0) this.#connection.atTurnsEnd(() => this.#flush());
    this.#leaving.push({ request, token });
  }

  #flush(): void {
    const leaving = this.#leaving;
    this.#leaving = [];
    if (this.#connection.nc.isClosed()) return; // whoever waits is told by the close
    for (const { request, token } of leaving) {
      const { subject, payload, headers } = request;
      const reply = `${this.#inbox}.${token}`;
      if (this.#waiting.has(token))
        this.#connection.nc.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
    }
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

  #failAll(failure: RequestFailed | PermissionDenied): void {
    for (const token of this.#waiting.keys()) this.#settle(token)?.reject(failure);
  }

  /** NATS names the subject, not the message: everything that waits on it was or will be refused. */
  #refuse(denied: PermissionDenied): void {
    if (denied.subject === `${this.#inbox}.*`) {
      this.#denied = denied;
      return this.#failAll(denied);
    }
    for (const [token, { subject }] of this.#waiting) {
      if (subject === denied.subject) this.#settle(token)?.reject(denied);
    }
  }
}

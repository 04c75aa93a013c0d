// A process's connection to the simulated NATS: what the client library does of it, link lost and regained included. Our whole
// adapter runs over it as it runs over a real one.
import type { Msg, MsgHdrs, NatsConnection, Status, Subscription } from '@nats-io/transport-node';
import { Connection } from '../nats/connection.ts';
import type { Delivery } from './consumers.ts';
import { Lane } from './lane.ts';
import type { SimulatedNats } from './server.ts';

export interface LinkOptions {
  readonly server: SimulatedNats;
  /** Of inboxes, so that no two connections share one. */
  readonly name: string;
}

export class SimulatedConnection extends Connection {
  readonly #link: Link;
  readonly #name: string;
  #inboxes = 0;

  static open(options: LinkOptions): SimulatedConnection {
    return new SimulatedConnection(options, new Link(options.server));
  }

  private constructor({ name }: LinkOptions, link: Link) {
    super(toNatsConnection(link), { name, inboxPrefix: '_INBOX' });
    this.#link = link;
    this.#name = name;
  }

  /** The library's are random. */
  override createInbox(): string {
    return `_INBOX.${this.#name}.${++this.#inboxes}`;
  }

  /** The turns of Node's event loop are not those of virtual time. */
  override atTurnsEnd(task: () => void): void {
    this.#link.schedule(task);
  }

  /** The server is frozen, and nobody knows yet. */
  stall(durationMs: number): void {
    this.#link.stall(durationMs);
  }

  /** The link is lost for so long. What was sent is lost, or, where the server was only frozen, arrives late. */
  cut(downMs: number, lateByMs?: number): void {
    this.#link.cut(downMs, lateByMs);
  }

  /** The process is gone: what it had sent still arrives, and nobody hears anything. */
  abandon(): void {
    this.#link.abandon();
  }
}

type Callback = (error: null, message: Msg) => void;

interface LinkSubscription {
  readonly subject: string;
  readonly callback: Callback;
  atServer: Disposable | undefined;
}

/** What is between the client library and the server. */
class Link {
  readonly #server: SimulatedNats;
  readonly #toServer: Lane;
  readonly #toClient: Lane;
  readonly #subscriptions = new Set<LinkSubscription>();
  readonly #flushing = new Set<(error: Error) => void>();
  readonly statuses = new Statuses();
  #isUp = true;
  /** Which of the link's lives this is: what an earlier one still had under way subscribes to nothing. */
  #life = 0;
  isClosed = false;

  constructor(server: SimulatedNats) {
    const { world, weather } = server.options;
    this.#server = server;
    this.#toServer = new Lane(world, () => weather.linkMs());
    this.#toClient = new Lane(world, () => weather.linkMs());
  }

  /** Dropped while the link is down, as the library does. */
  publish(
    subject: string,
    payload: Uint8Array | string = '',
    options: { reply?: string; headers?: MsgHdrs } = {},
  ): void {
    if (!this.#isUp) return;
    const data = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.#toServer.send(() => this.#server.publish({ subject, data, ...options }));
  }

  subscribe(subject: string, callback: Callback): Disposable {
    const subscription: LinkSubscription = { subject, callback, atServer: undefined };
    this.#subscriptions.add(subscription);
    if (this.#isUp) this.#install(subscription);
    return {
      [Symbol.dispose]: () => {
        this.#subscriptions.delete(subscription);
        if (this.#isUp) this.#toServer.send(() => subscription.atServer?.[Symbol.dispose]());
      },
    };
  }

  schedule(task: () => void): void {
    this.#server.options.world.schedule(0, task);
  }

  /** There and back. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#isUp) return reject(new Error('disconnected'));
      this.#flushing.add(reject);
      this.#toServer.send(() =>
        this.#toClient.send(() => {
          this.#flushing.delete(reject);
          resolve();
        }),
      );
    });
  }

  stall(durationMs: number): void {
    this.#toServer.stall(durationMs);
    this.#toClient.stall(durationMs);
  }

  cut(downMs: number, lateByMs?: number): void {
    if (!this.#isUp || this.isClosed) return;
    this.#down(lateByMs);
    this.statuses.tell('disconnect');
    this.#server.options.world.schedule(downMs, () => this.#regain());
  }

  abandon(): void {
    this.isClosed = true;
    this.#isUp = false;
    this.#toClient.cut();
    this.#leave();
  }

  close(): void {
    this.abandon();
    this.statuses.end();
  }

  #down(lateByMs?: number): void {
    this.#isUp = false;
    this.#toServer.cut(lateByMs);
    this.#toClient.cut();
    this.#leave();
    for (const reject of this.#flushing) reject(new Error('disconnected'));
    this.#flushing.clear();
  }

  #leave(): void {
    this.#life++;
    for (const subscription of this.#subscriptions) subscription.atServer?.[Symbol.dispose]();
  }

  #regain(): void {
    if (this.isClosed) return;
    this.#isUp = true;
    for (const subscription of this.#subscriptions) this.#install(subscription);
    this.statuses.tell('reconnect');
  }

  #install(subscription: LinkSubscription): void {
    const { subject, callback } = subscription;
    const life = this.#life;
    this.#toServer.send(() => {
      if (life !== this.#life || !this.#subscriptions.has(subscription)) return;
      const deliver = (delivery: Delivery): void =>
        this.#toClient.send(() => {
          if (this.#subscriptions.has(subscription)) callback(null, toMsg(delivery));
        });
      subscription.atServer = this.#server.subscribe({ subject, deliver });
    });
  }
}

/** What the library says of its connection, as a stream of events. */
class Statuses {
  readonly #waiting: Status[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;

  tell(type: 'disconnect' | 'reconnect'): void {
    this.#waiting.push({ type, server: 'simulated' });
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  async *events(): AsyncGenerator<Status> {
    for (;;) {
      yield* this.#waiting.splice(0);
      if (this.#isOver) return;
      if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** As much of the library's connection as our adapter uses. */
function toNatsConnection(link: Link): NatsConnection {
  const used: Pick<NatsConnection, 'publish' | 'flush' | 'isClosed' | 'close' | 'status'> & { subscribe: Subscribe } = {
    publish: (subject, payload, options) => link.publish(subject, payload, options),
    subscribe: (subject, { callback }) => toSubscription(link.subscribe(subject, callback)),
    flush: () => link.flush(),
    isClosed: () => link.isClosed,
    close: async () => link.close(),
    status: () => link.statuses.events(),
  };
  return used as NatsConnection;
}

type Subscribe = (subject: string, options: { readonly callback: Callback }) => Subscription;

const toSubscription = (subscription: Disposable): Subscription => {
  const used: Pick<Subscription, 'unsubscribe'> = { unsubscribe: () => subscription[Symbol.dispose]() };
  return used as Subscription;
};

function toMsg(delivery: Delivery): Msg {
  const json = (): unknown => JSON.parse(Buffer.from(delivery.data).toString());
  return { ...delivery, json: json as Msg['json'] } as Msg;
}

// A TCP proxy between two parts of the system that does to their connections what networks do: late, held, swallowed, half
// open, reset, slowly closed, refused. Switched while it runs, for connections that are there and for those to come.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CLEAR, Flow, type FlowConditions } from './flow.ts';

/** Up is from who connected to whom they connected to. */
export type Direction = 'up' | 'down';
export type Side = 'client' | 'server';

export interface FaultProxyOptions {
  /** Asked for each connection: a restarted server may be elsewhere. */
  readonly target: () => { readonly host: string; readonly port: number };
  readonly host?: string;
  /** A free one when not given. */
  readonly port?: number;
  /** Of the jitter. */
  readonly random?: () => number;
}

export interface Where {
  /** Both, when not given. */
  readonly direction?: Direction;
  readonly connections?: 'existing' | 'new' | 'all';
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: Flow;
  readonly down: Flow;
  /** One side is gone, the other was not told. */
  isHalfOpen: boolean;
}

const ends = ['client', 'server'] as const;

export class FaultProxy implements AsyncDisposable {
  readonly #options: FaultProxyOptions;
  readonly #links = new Set<Link>();
  #forNew: Record<Direction, FlowConditions> = { up: CLEAR, down: CLEAR };
  #server: Server;
  readonly #host: string;
  #port: number;
  /** How many ever came. */
  accepted = 0;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#host = options.host ?? '127.0.0.1';
    this.#port = options.port ?? 0;
    this.#server = createServer();
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** Of which at least one side is still there. */
  get connections(): number {
    return this.#links.size;
  }

  /** Bytes that were taken and not yet passed on, of all connections. */
  get waitingBytes(): number {
    return [...this.#links].reduce((sum, { up, down }) => sum + up.waitingBytes + down.waitingBytes, 0);
  }

  /** `shape({ latencyMs: 50, jitterMs: 20 })`, `shape({ passage: 'swallowed' }, { direction: 'down' })`. */
  shape(change: Partial<FlowConditions>, { direction, connections = 'all' }: Where = {}): void {
    for (const way of direction === undefined ? (['up', 'down'] as const) : [direction]) {
      if (connections !== 'existing') this.#forNew[way] = { ...this.#forNew[way], ...change };
      if (connections === 'new') continue;
      for (const link of this.#links) link[way].conditions = { ...link[way].conditions, ...change };
    }
  }

  /** That side of every connection is gone, as after a power cut; the other side hears nothing, whatever it sends. */
  halfOpen(gone: Side): void {
    for (const link of this.#links) {
      link.isHalfOpen = true;
      for (const way of ['up', 'down'] as const) link[way].conditions = { ...CLEAR, passage: 'swallowed' };
      link[gone].destroy();
    }
  }

  /** That side is told that the connection is gone; what it sent is under way still, and may come late. */
  cutOff(side: Side): void {
    for (const link of this.#links) {
      (side === 'client' ? link.up : link.down).end();
      link[side].resetAndDestroy();
    }
  }

  /** RST, to both sides. */
  reset(): void {
    for (const link of this.#links) resetBoth(link);
  }

  /** Each server is told that its client has said all it will say; the rest of the closing is theirs, at the pace of `closeDelayMs`. */
  endClients(): void {
    for (const { up } of this.#links) up.end();
  }

  /** Nobody listens any more; those who are connected stay so. */
  refuse(): void {
    this.#server.close();
  }

  /** As if nothing had been. Who lost bytes learns of it now, by RST: that is what TCP tells a peer that comes back. */
  async heal(): Promise<void> {
    this.#forNew = { up: CLEAR, down: CLEAR };
    for (const link of this.#links) {
      if (link.isHalfOpen || link.up.hasHole || link.down.hasHole) resetBoth(link);
      else for (const way of ['up', 'down'] as const) link[way].conditions = CLEAR;
    }
    if (!this.#server.listening) await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) this.#server.close();
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
    this.#links.clear();
  }

  async #listen(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address !== null && typeof address !== 'string') this.#port = address.port;
  }

  #accept(client: Socket): void {
    this.accepted++;
    const server = connect({ ...this.#options.target(), allowHalfOpen: true, noDelay: true });
    const random = this.#options.random ?? Math.random;
    const link: Link = {
      client,
      server,
      up: new Flow(client, server, { conditions: this.#forNew.up, random }),
      down: new Flow(server, client, { conditions: this.#forNew.down, random }),
      isHalfOpen: false,
    };
    this.#links.add(link);
    for (const end of ends) link[end].on('close', () => this.#forgetClosed(link));
  }

  #forgetClosed(link: Link): void {
    if (ends.every((end) => link[end].destroyed)) this.#links.delete(link);
  }
}

function resetBoth({ client, server }: Link): void {
  for (const socket of [client, server]) {
    if (socket.connecting) socket.destroy();
    else socket.resetAndDestroy();
  }
}

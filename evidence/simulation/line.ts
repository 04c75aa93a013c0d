// A client's WebSocket over a network that delays, resets, or silently loses everything, but never reorders: TCP.
import type { Connection, Socket } from '@parley/gateway/core';
import { Lane } from '@parley/infra/simulated-nats';
import type { Chance } from './chance.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';
import type { GatewayProcess } from './roles.ts';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface LineOptions {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly chance: Chance;
  readonly gateway: GatewayProcess;
  readonly user: string;
  readonly device: string;
  readonly onFrame: (frame: Frame) => void;
  /** Once; never when nothing tells it. */
  readonly onClosed: (code: number) => void;
}

/** Without a close frame (RFC 6455 §7.1.5). */
const abnormal = 1006;
const normal = 1000;
const refused = 503;

export class Line {
  readonly #options: LineOptions;
  readonly #toGateway: Lane;
  readonly #toClient: Lane;
  readonly #held: Disposable;
  #connection: Connection | undefined;
  #isGatewayThere = true;
  #isClientThere = true;
  #isDead = false;

  constructor(options: LineOptions) {
    const { cluster, chance, fleet, gateway } = options;
    this.#options = options;
    const delayMs = (): number => chance.between(1, 20) + chance.number() * cluster.health.clientSlowMs;
    this.#toGateway = new Lane(cluster.time, delayMs);
    this.#toClient = new Lane(cluster.time, delayMs);
    this.#held = fleet.hold(gateway, this);
    this.#toGateway.send(() => cluster.background(gateway.node.name, this.#knock()));
  }

  get gatewayName(): string {
    return this.#options.gateway.node.name;
  }

  send(frame: object): void {
    if (this.#isDead) return;
    const bytes = new TextEncoder().encode(JSON.stringify(frame));
    this.#toGateway.send(() => this.#connection?.received({ message: bytes.buffer, isBinary: false }));
  }

  /** By the client. */
  close(): void {
    this.#isClientThere = false;
    if (!this.#isDead) this.#toGateway.send(() => this.#gatewayCloses(normal));
  }

  /** Both ends hear of it, each in its own time. */
  reset(): void {
    const { cluster, chance } = this.#options;
    this.#toGateway.cut();
    this.#toClient.cut();
    cluster.time.schedule(chance.between(0, 50), () => this.#gatewayCloses(abnormal));
    cluster.time.schedule(chance.between(0, 50), () => this.#clientHearsOfEnd(abnormal));
    this.#isDead = true;
  }

  /** Nothing passes any more, and nobody is told. */
  die(): void {
    this.#isDead = true;
    this.#toGateway.cut();
    this.#toClient.cut();
  }

  gatewayDied(isSilent: boolean): void {
    this.#isGatewayThere = false;
    this.#connection = undefined;
    if (isSilent) return this.die();
    if (!this.#isDead) this.#toClient.send(() => this.#clientHearsOfEnd(abnormal));
  }

  async #knock(): Promise<void> {
    const { gateway, user, device } = this.#options;
    if (!this.#isGatewayThere) return;
    const { connections } = gateway.core;
    const request = { headers: { authorization: `Bearer ${user}` }, query: `device=${device}&session=main` };
    const admission = await connections.admit(request);
    if (admission.type === 'refused') return this.#toClient.send(() => this.#clientHearsOfEnd(refused));
    if (this.#isDead || !this.#isClientThere) return connections.abandon(admission);
    this.#connection = connections.connect(admission, this.#socket());
    this.#connection.opened();
  }

  #socket(): Socket {
    return {
      send: (bytes) => this.#deliver(() => this.#options.onFrame(JSON.parse(Buffer.from(bytes).toString()) as Frame)),
      bufferedBytes: 0,
      ping: () => this.#deliver(() => this.#toGateway.send(() => this.#connection?.heard())),
      end: (code) => {
        this.#gatewayCloses(code);
        if (!this.#isDead) this.#toClient.send(() => this.#clientHearsOfEnd(code));
      },
    };
  }

  #deliver(arrive: () => void): void {
    if (this.#isDead) return;
    this.#toClient.send(() => {
      if (this.#isClientThere && !this.#isDead) arrive();
    });
  }

  #gatewayCloses(code: number): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#held[Symbol.dispose]();
    connection?.closed(code);
  }

  #clientHearsOfEnd(code: number): void {
    if (!this.#isClientThere) return;
    this.#isClientThere = false;
    this.#options.onClosed(code);
  }
}

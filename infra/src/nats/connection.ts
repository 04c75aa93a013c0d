// One connection to NATS, and the news of losing and regaining it. Everything else in this folder is handed one.
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';

export interface ConnectionListener {
  readonly lost?: () => void;
  readonly restored?: () => void;
}

/** What is sent to a server that went silent is lost after this times two; a dead one is noticed at once by TCP. */
const pingIntervalMs = 5_000;
const reconnectWaitMs = 100;

/**
 * Reconnects for ever. What is published while the link is down is dropped by the client library, except in the moment of
 * the handshake, where it may be sent afterwards, unnoticed: harmless to the log only because every event carries an
 * idempotency key and a not-after, and avoided by asking `isUp` first.
 */
export async function connectNats(
  options: Pick<ConnectionOptions, 'servers' | 'name' | 'authenticator' | 'tls' | 'waitOnFirstConnect'>,
): Promise<Connection> {
  const nc = await connect({
    ...options,
    // Without stack traces for every request the publish rate doubles (docs/jetstream.md).
    noAsyncTraces: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    pingInterval: pingIntervalMs,
  });
  return new Connection(nc);
}

export class Connection implements AsyncDisposable {
  readonly nc: NatsConnection;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #watching: Promise<void>;
  #isUp = true;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    this.#watching = this.#watch();
  }

  /** False from the moment the link is known to be lost until it is regained. */
  get isUp(): boolean {
    return this.#isUp && !this.nc.isClosed();
  }

  listen(listener: ConnectionListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nc.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.#tell(false);
      if (status.type === 'reconnect') this.#tell(true);
    }
    this.#tell(false);
  }

  #tell(isUp: boolean): void {
    this.#isUp = isUp;
    for (const listener of this.#listeners) (isUp ? listener.restored : listener.lost)?.();
  }
}

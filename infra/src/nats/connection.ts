// One connection to NATS, the news of losing and regaining it, and of what NATS does not allow it. Everything else in this folder
// is handed one; `connect.ts` makes it.
import { createInbox, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';

export interface ConnectionListener {
  readonly lost?: () => void;
  readonly restored?: () => void;
  readonly refused?: (denied: PermissionDenied) => void;
}

/** Our user may not do what our code does: a mistake in the set-up, which no repetition heals. */
export class PermissionDenied extends Error {
  override readonly name = 'PermissionDenied';
  readonly subject: string;

  constructor(violation: PermissionViolationError, connectionName: string) {
    const { operation, subject } = violation;
    const what = operation === 'publish' ? 'publish to' : 'subscribe to';
    super(`NATS does not let ${connectionName} ${what} "${subject}" (docs/reference/permissions.md)`, {
      cause: violation,
    });
    this.subject = subject;
  }
}

interface ConnectionNames {
  readonly name: string;
  /** Answers come to subjects below it. */
  readonly inboxPrefix: string;
}

export class Connection implements AsyncDisposable {
  readonly nc: NatsConnection;
  /** Resolves with the first thing we were not allowed: the process cannot do its work, and had better end with it. */
  readonly refusal: Promise<PermissionDenied>;
  readonly #names: ConnectionNames;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #watching: Promise<void>;
  readonly #refuse: (denied: PermissionDenied) => void;
  #isUp = true;

  constructor(nc: NatsConnection, names: ConnectionNames) {
    this.nc = nc;
    this.#names = names;
    const { promise, resolve } = Promise.withResolvers<PermissionDenied>();
    this.refusal = promise;
    this.#refuse = resolve;
    this.#watching = this.#watch();
  }

  /** False from the moment the link is known to be lost until it is regained. */
  get isUp(): boolean {
    return this.#isUp && !this.nc.isClosed();
  }

  /** A new subject that only this user hears. */
  createInbox(): string {
    return createInbox(this.#names.inboxPrefix);
  }

  listen(listener: ConnectionListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** When everything that this turn of the event loop set off has been asked for. */
  atTurnsEnd(task: () => void): void {
    setImmediate(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nc.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === 'disconnect') this.#tell(false);
      if (status.type === 'reconnect') this.#tell(true);
      if (status.type === 'error' && status.error instanceof PermissionViolationError) this.#tellRefused(status.error);
    }
    this.#tell(false);
  }

  #tell(isUp: boolean): void {
    this.#isUp = isUp;
    for (const listener of this.#listeners) (isUp ? listener.restored : listener.lost)?.();
  }

  #tellRefused(violation: PermissionViolationError): void {
    const denied = new PermissionDenied(violation, this.#names.name);
    this.#refuse(denied);
    for (const listener of this.#listeners) listener.refused?.(denied);
  }
}

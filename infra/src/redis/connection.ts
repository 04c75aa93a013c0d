// One connection and the news of it: whether it was ever lost matters more to a registry than whether it is there now.
import { RegistryUnavailable, type World } from '@parley/domain';
import type { RedisObserver } from './calls.ts';
import { createClient, type RedisClient, type RedisConnectOptions } from './client.ts';

/** How long a starting process waits for a server that is not there yet. */
const firstConnectMs = 10_000;

export type RedisReport =
  | { readonly type: 'redis-lost' }
  | { readonly type: 'redis-restored' }
  | { readonly type: 'redis-error'; readonly cause: unknown };

export interface RedisOptions extends RedisConnectOptions {
  readonly world: Pick<World, 'now' | 'random' | 'schedule'>;
  readonly report: (report: RedisReport) => void;
  readonly answered?: RedisObserver;
}

/** Resolves once connected; rejects with RegistryUnavailable when that takes too long. Several parts of a process share it. */
export async function connectRedis(options: RedisOptions): Promise<RedisConnection> {
  using resources = new DisposableStack();
  const connection = resources.use(new RedisConnection(options));
  await connection.untilReady(options.world);
  resources.move();
  return connection;
}

export class RedisConnection implements Disposable {
  readonly client: RedisClient;
  /** Hears of every call, whichever part of the process makes it. */
  readonly answered: RedisObserver | undefined;
  readonly #report: (report: RedisReport) => void;
  #interruptions = 0;
  #isUp = false;
  #isClosed = false;
  #lastError: unknown;

  constructor(options: RedisOptions) {
    this.#report = options.report;
    this.answered = options.answered;
    this.client = createClient(options, options.world);
    // Without a listener the library writes to the console.
    this.client.on('error', (error: unknown) => this.#failed(error));
    this.client.on('node error', (error: unknown) => this.#failed(error));
    this.client.on('ready', () => this.#restored());
    this.client.on('close', () => this.#lost());
    // In a Cluster: one node, which may come back empty, or as the replica that had not heard of everything.
    this.client.on('-node', () => (this.#interruptions += 1));
  }

  /** Rises whenever a connection is lost: a server behind another one may have forgotten what this process wrote. */
  get interruptions(): number {
    return this.#interruptions;
  }

  /** Resolves when the first connection is made; rejects with RegistryUnavailable after `firstConnectMs`. */
  async untilReady(world: Pick<World, 'schedule'>): Promise<void> {
    if (this.#isUp) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.client.once('ready', resolve);
    using _timer = world.schedule(firstConnectMs, () =>
      reject(new RegistryUnavailable('no connection to Redis', { cause: this.#lastError })),
    );
    await promise;
  }

  /** What was asked and is not answered yet rejects. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.client.disconnect();
  }

  #failed(cause: unknown): void {
    this.#lastError = cause;
    this.#report({ type: 'redis-error', cause });
  }

  #restored(): void {
    this.#isUp = true;
    if (this.#interruptions > 0) this.#report({ type: 'redis-restored' });
  }

  /** Once per loss, not per attempt that fails. */
  #lost(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#interruptions += 1;
    if (!this.#isClosed) this.#report({ type: 'redis-lost' });
  }
}

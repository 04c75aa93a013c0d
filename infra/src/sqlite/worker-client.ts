// The main thread's end of the SQLite worker: questions by id, bounded in number; a dead worker is started again.
import { Worker } from 'node:worker_threads';
import type { World } from '@parley/domain';
import { StoreUnavailable } from '@parley/projections';
import {
  rowsOf,
  type Asked,
  type DatabaseFile,
  type Discarded,
  type Request,
  type Row,
  type Told,
} from './requests.ts';

/** Unanswered requests at one time; the next one is refused. Readers and handlers each wait for their own. */
const requestsPendingMax = 4_096;
/** Starts in a row without one answer after which the worker stays down. */
const restartsMax = 8;
/** Before the first restart; doubled for each further one. */
const restartDelayMs = 50;

export type SqliteReport =
  | ({ readonly type: 'file-discarded' } & Discarded)
  | { readonly type: 'worker-died'; readonly cause: unknown; readonly restartsLeft: number };

export interface WorkerClientOptions {
  readonly world: Pick<World, 'schedule'>;
  readonly report: (report: SqliteReport) => void;
}

interface Pending {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerClient implements AsyncDisposable {
  readonly #options: WorkerClientOptions;
  readonly #pending = new Map<number, Pending>();
  /** What a new worker has to open before it answers. */
  readonly #files = new Map<string, DatabaseFile>();
  #worker: Worker | undefined;
  #restart: Disposable | undefined;
  #lastId = 0;
  #restartsLeft = restartsMax;
  #isClosed = false;

  constructor(options: WorkerClientOptions) {
    this.#options = options;
    this.#start();
  }

  /** Rejects with StoreUnavailable when the worker is down, has too much to do, or dies before it answers. */
  async ask(request: Request): Promise<readonly Row[]> {
    if (this.#isClosed) throw new StoreUnavailable('the store is closed');
    const rows = await this.#post(request);
    if (request.type === 'open') this.#files.set(request.file.path, request.file);
    if (request.type === 'drop' || request.type === 'release') this.#files.delete(request.path);
    return rows;
  }

  /** What was asked before is still answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#restart?.[Symbol.dispose]();
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ id: 0, request: { type: 'close' } } satisfies Asked);
    await exited;
  }

  #post(request: Request): Promise<readonly Row[]> {
    const worker = this.#worker;
    if (worker === undefined) throw new StoreUnavailable('the SQLite worker is down');
    if (this.#pending.size >= requestsPendingMax) throw new StoreUnavailable('too many requests wait for SQLite');
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ id, request } satisfies Asked);
    });
  }

  #start(): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: [...this.#files.values()] });
    let cause: unknown = 'it was ended';
    worker.on('message', (told: Told) => this.#told(told));
    worker.once('error', (error: unknown) => {
      cause = error;
    });
    // An answer that cannot be read would leave its caller waiting for ever.
    worker.once('messageerror', () => void worker.terminate());
    worker.once('exit', () => this.#exited(cause));
    this.#worker = worker;
  }

  #told(told: Told): void {
    if (told.type === 'discarded') return this.#options.report({ type: 'file-discarded', ...told.discarded });
    this.#restartsLeft = restartsMax;
    const pending = this.#pending.get(told.id);
    this.#pending.delete(told.id);
    if (told.type === 'rows') pending?.resolve(rowsOf(told.table));
    else pending?.reject(told.isWorldly ? new StoreUnavailable(told.reason) : new Error(told.reason));
  }

  #exited(cause: unknown): void {
    this.#worker = undefined;
    const abandoned = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of abandoned) reject(new StoreUnavailable('the SQLite worker died', { cause }));
    if (this.#isClosed) return;
    this.#options.report({ type: 'worker-died', cause, restartsLeft: this.#restartsLeft });
    if (this.#restartsLeft === 0) return;
    const delayMs = restartDelayMs * 2 ** (restartsMax - this.#restartsLeft);
    this.#restartsLeft -= 1;
    this.#restart = this.#options.world.schedule(delayMs, () => this.#start());
  }
}

// Every call to Redis goes through here: at most so many at once, each for at most so long, one kind of failure.
import { RegistryUnavailable, type World } from '@parley/domain';

export const CALLS = {
  /** Unanswered at one time; the next one is refused. */
  pendingMax: 16_384,
  /** From asking to answer or refusal, whatever the client library does meanwhile. */
  timeoutMs: 3_000,
} as const;

type Failure = new (message: string, options?: ErrorOptions) => Error;

export interface CallsOptions {
  /** What the port promises to reject with. */
  readonly failure?: Failure;
  readonly timeoutMs?: number;
  readonly answered?: RedisObserver | undefined;
}

/** A call was answered, or failed, so long after it was made. */
export type RedisObserver = (elapsedMs: number, isAnswered: boolean) => void;

export class Calls {
  readonly #world: Pick<World, 'schedule'>;
  readonly #Failure: Failure;
  readonly #timeoutMs: number;
  readonly #answered: RedisObserver | undefined;
  #pending = 0;

  constructor(world: Pick<World, 'schedule'>, options: CallsOptions = {}) {
    this.#world = world;
    this.#Failure = options.failure ?? RegistryUnavailable;
    this.#timeoutMs = options.timeoutMs ?? CALLS.timeoutMs;
    this.#answered = options.answered;
  }

  /** Rejects with the port's failure, in time. */
  async call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#pending >= CALLS.pendingMax) throw new this.#Failure('too many calls wait for Redis');
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const error = new this.#Failure(`Redis did not answer within ${this.#timeoutMs} ms`);
    using _timer = this.#world.schedule(this.#timeoutMs, () => reject(error));
    this.#pending += 1;
    const askedMs = performance.now();
    let isAnswered = false;
    try {
      const answer = await Promise.race([ask(), tooLate]);
      isAnswered = true;
      return answer;
    } catch (error) {
      if (error instanceof this.#Failure) throw error;
      throw new this.#Failure('Redis refused or was lost', { cause: error });
    } finally {
      this.#pending -= 1;
      this.#answered?.(performance.now() - askedMs, isAnswered);
    }
  }
}

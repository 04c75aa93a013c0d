// Every call to Redis goes through here: at most so many at once, each for at most so long, one kind of failure.
import { RegistryUnavailable, type World } from '@parley/domain';

export const CALLS = {
  /** Unanswered at one time; the next one is refused. */
  pendingMax: 16_384,
  /** From asking to answer or refusal, whatever the client library does meanwhile. */
  timeoutMs: 3_000,
} as const;

export class Calls {
  readonly #world: Pick<World, 'schedule'>;
  #pending = 0;

  constructor(world: Pick<World, 'schedule'>) {
    this.#world = world;
  }

  /** Rejects with RegistryUnavailable, within `CALLS.timeoutMs`. */
  async call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#pending >= CALLS.pendingMax) throw new RegistryUnavailable('too many calls wait for Redis');
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const error = new RegistryUnavailable(`Redis did not answer within ${CALLS.timeoutMs} ms`);
    using _timer = this.#world.schedule(CALLS.timeoutMs, () => reject(error));
    this.#pending += 1;
    try {
      return await Promise.race([ask(), tooLate]);
    } catch (error) {
      if (error instanceof RegistryUnavailable) throw error;
      throw new RegistryUnavailable('Redis refused or was lost', { cause: error });
    } finally {
      this.#pending -= 1;
    }
  }
}

// Loads the newest page of conversations of which too much was missed, until each succeeds: what was missed is in no frame.
import type { ConversationId, World } from '@parley/domain';
import type { MessagePage } from '@parley/protocol';
import { retryPauseMs } from './back-off.ts';
import { RestProblem, type Rest } from './rest.ts';

export interface NewestPagesOptions {
  readonly world: World;
  readonly rest: Pick<Rest, 'messages'>;
  readonly loaded: (id: ConversationId, page: MessagePage) => void;
  /** The server will never give it: we are no member, or there is no such conversation. */
  readonly refused: (id: ConversationId) => void;
  readonly trouble: (text: string) => void;
}

export class NewestPages implements Disposable {
  readonly #options: NewestPagesOptions;
  readonly #pauses = new Map<ConversationId, Disposable>();
  #isDisposed = false;

  constructor(options: NewestPagesOptions) {
    this.#options = options;
  }

  async load(id: ConversationId, failures = 0): Promise<void> {
    this.#pauses.get(id)?.[Symbol.dispose]();
    this.#pauses.delete(id);
    try {
      const page = await this.#options.rest.messages(id);
      if (!this.#isDisposed) this.#options.loaded(id, page);
    } catch (error) {
      if (!this.#isDisposed) this.#failed(id, error, failures);
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const pause of this.#pauses.values()) pause[Symbol.dispose]();
  }

  #failed(id: ConversationId, error: unknown, failures: number): void {
    const { world, refused, trouble } = this.#options;
    if (error instanceof RestProblem && !error.problem.retryable) return refused(id);
    trouble(`the newest page of ${id}: ${String(error)}`);
    const pauseMs = retryPauseMs(failures, world.random());
    this.#pauses.set(
      id,
      world.schedule(pauseMs, () => void this.load(id, failures + 1)),
    );
  }
}

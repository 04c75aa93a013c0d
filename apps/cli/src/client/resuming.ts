// Asks for what was missed. One `resume` is under way at a time; conversations that need another wait for the next one.
// Which entries are new is the cursors' business, what to do with them the feed's.
import type { ConversationId, World } from '@parley/domain';
import type { ErrorFrame, ResumedFrame, ResumeFrame } from '@parley/protocol';
import { retryPauseMs } from './back-off.ts';
import type { Cursors } from './cursors.ts';

export interface ResumingOptions {
  readonly world: World;
  readonly cursors: Cursors;
  /** False when there is no connection. */
  readonly send: (frame: ResumeFrame) => boolean;
}

export class Resuming {
  readonly #options: ResumingOptions;
  readonly #wanted = new Set<ConversationId>();
  readonly #pauses = new Set<Disposable>();
  #run: { readonly ref: string; readonly ids: ReadonlySet<ConversationId> } | undefined;
  #runs = 0;
  #failures = 0;
  #conversationsMax = 0;
  /** The first resume of a connection is sent even when it names nothing: its answer names the conversations. */
  #isFirst = false;

  constructor(options: ResumingOptions) {
    this.#options = options;
  }

  /** A new connection: everything may have been missed, and there may be conversations we do not know. */
  start(conversationsMax: number): void {
    this.stop();
    this.#conversationsMax = conversationsMax;
    this.#isFirst = true;
    this.#want(this.#options.cursors.ids());
  }

  /** The connection is gone, and with it the answer. */
  stop(): void {
    for (const pause of this.#pauses) pause[Symbol.dispose]();
    this.#pauses.clear();
    this.#wanted.clear();
    this.#run = undefined;
    this.#isFirst = false;
  }

  /** A gap: a resume of this conversation that is under way will fill it. */
  fill(id: ConversationId): void {
    if (this.#run?.ids.has(id) !== true) this.#want([id]);
  }

  /** The server may have missed something: resume these (or all), also after a resume that may have come too early. */
  again(ids: readonly ConversationId[] = this.#options.cursors.ids()): void {
    this.#want(ids);
  }

  resumed({ ref }: ResumedFrame): void {
    if (this.#run === undefined || ref !== this.#run.ref) return;
    this.#run = undefined;
    this.#failures = 0;
    this.#isFirst = false;
    this.#next();
  }

  /** `unavailable`: this one later. */
  retry(id: ConversationId): void {
    this.#wantLater([id], 0);
  }

  /** True when the error was the answer to our `resume`. */
  refused({ ref, retry_after_ms }: ErrorFrame): boolean {
    if (this.#run === undefined || ref !== this.#run.ref) return false;
    const { ids } = this.#run;
    this.#run = undefined;
    this.#wantLater(ids, retry_after_ms ?? 0);
    return true;
  }

  forget(id: ConversationId): void {
    this.#wanted.delete(id);
  }

  #want(ids: Iterable<ConversationId>): void {
    for (const id of ids) this.#wanted.add(id);
    this.#next();
  }

  #wantLater(ids: Iterable<ConversationId>, pauseMsMin: number): void {
    const { world } = this.#options;
    const pauseMs = Math.max(pauseMsMin, retryPauseMs(this.#failures++, world.random()));
    const pause = world.schedule(pauseMs, () => {
      this.#pauses.delete(pause);
      this.#want(ids);
    });
    this.#pauses.add(pause);
  }

  #next(): void {
    if (this.#run !== undefined || (this.#wanted.size === 0 && !this.#isFirst)) return;
    const ids = [...this.#wanted].slice(0, this.#conversationsMax);
    const ref = `resume-${++this.#runs}`;
    if (!this.#options.send({ type: 'resume', ref, last_seen: this.#options.cursors.lastSeen(ids) })) return;
    this.#run = { ref, ids: new Set(ids) };
    for (const id of ids) this.#wanted.delete(id);
  }
}

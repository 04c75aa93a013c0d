// Several readers of one process on one stream of events: whoever is near the head takes part in one read of the shard, whoever
// is further behind has a read of its own until it has caught up.
import {
  NO_POSITION,
  type EventLog,
  type Position,
  type ReadOptions,
  type Shard,
  type StoredEvent,
} from '@parley/domain';
import { withReads } from './with-reads.ts';

export const SHARED_READS = {
  /** Events kept of each shard, for those that are not the fastest. */
  eventsKeptMax: 512,
} as const;

/** The same log; its reads are shared. `reader` is the name under which they are made, for operators. */
export function shareReads(log: EventLog, reader: string): EventLog {
  const trunks = new Map<Shard, Trunk>();

  async function* read(shard: Shard, after: Position, options: ReadOptions): AsyncGenerator<readonly StoredEvent[]> {
    let cursor = after;
    while (!options.signal.aborted) {
      const trunk = trunkAt(shard, cursor);
      const steps = trunk ? trunk.follow(cursor, options.signal) : alone(shard, cursor, options);
      for await (const events of steps) {
        cursor = events.at(-1)?.position ?? cursor;
        yield events;
      }
    }
  }

  /** The one to take part in: a new one where there is none, none where the running one is elsewhere. */
  function trunkAt(shard: Shard, cursor: Position): Trunk | undefined {
    const running = trunks.get(shard);
    if (running) return running.covers(cursor) ? running : undefined;
    const trunk: Trunk = new Trunk(
      cursor,
      (signal) => log.read(shard, cursor, { reader, signal }),
      () => trunks.get(shard) === trunk && trunks.delete(shard),
    );
    trunks.set(shard, trunk);
    return trunk;
  }

  /** Until the shared read, should there still be one, is where this one is. */
  async function* alone(shard: Shard, after: Position, options: ReadOptions): AsyncGenerator<readonly StoredEvent[]> {
    for await (const events of log.read(shard, after, options)) {
      yield events;
      const cursor = events.at(-1)?.position ?? NO_POSITION;
      if (trunks.get(shard)?.covers(cursor)) return;
    }
  }

  return withReads(log, read);
}

/** One read of a shard. It goes on when its fastest reader asks for more, and ends with its last one. */
class Trunk {
  readonly #stop = new AbortController();
  readonly #steps: AsyncIterator<readonly StoredEvent[]>;
  readonly #ended: () => unknown;
  #kept: readonly StoredEvent[] = [];
  /** Position before the first one kept. */
  #after: Position;
  #readers = 0;
  #coming: Promise<void> | undefined;

  constructor(
    after: Position,
    open: (signal: AbortSignal) => AsyncIterable<readonly StoredEvent[]>,
    ended: () => unknown,
  ) {
    this.#after = after;
    this.#steps = open(this.#stop.signal)[Symbol.asyncIterator]();
    this.#ended = ended;
  }

  get #end(): Position {
    return this.#kept.at(-1)?.position ?? this.#after;
  }

  covers(cursor: Position): boolean {
    return cursor >= this.#after && cursor <= this.#end;
  }

  /** Ends when this reader has fallen behind what is kept, has taken all of a read that is over, or is told to stop. */
  async *follow(after: Position, signal: AbortSignal): AsyncGenerator<readonly StoredEvent[]> {
    let wake = (): void => undefined;
    const stop = (): void => wake();
    signal.addEventListener('abort', stop);
    this.#readers++;
    try {
      for (let cursor = after; !signal.aborted && this.covers(cursor);) {
        const events = this.#kept.slice(cursor - this.#after);
        cursor = this.#end;
        if (events.length > 0) yield events;
        else if (this.#stop.signal.aborted) return; // it failed for another: whoever goes on makes a new one
        else {
          await new Promise<void>((resolve, reject) => {
            wake = resolve;
            this.#more().then(resolve, reject);
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      if (--this.#readers === 0) this.#close();
    }
  }

  /** One step for all that wait for it. */
  #more(): Promise<void> {
    this.#coming ??= this.#take().finally(() => (this.#coming = undefined));
    return this.#coming;
  }

  async #take(): Promise<void> {
    try {
      const step = await this.#steps.next();
      if (step.done) return this.#close();
      this.#keep(step.value);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #keep(events: readonly StoredEvent[]): void {
    const all = [...this.#kept, ...events];
    const surplus = Math.max(0, all.length - Math.max(SHARED_READS.eventsKeptMax, events.length));
    this.#after = (this.#after + surplus) as Position;
    this.#kept = all.slice(surplus);
  }

  #close(): void {
    this.#ended();
    this.#stop.abort();
  }
}

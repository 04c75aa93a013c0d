// A log for who has all of it before him: read in large steps, few shards at a time. A store writes a thousand events of a few
// conversations at once for much less than a few events of a thousand. It changes nothing but how events are put together.
import type { EventLog, Position, ReadOptions, Shard, StoredEvent } from '@parley/domain';
import { Semaphore } from '../semaphore.ts';
import { withReads } from '../with-reads.ts';

export const LARGE_STEPS = {
  /** Of one step, but for what came with the last of it. */
  eventsMin: 8_192,
  /** Shards far behind that are read at a time: one is applied while the others are gathered, and what is held stays bounded. */
  shardsAtOnce: 3,
} as const;

/** The same log; steps of `read` hold more than `readBatchMax` events until the reader is where the log ended when it began. */
export function inLargeSteps(log: EventLog): EventLog {
  const turns = new Semaphore(LARGE_STEPS.shardsAtOnce);

  async function* read(shard: Shard, after: Position, options: ReadOptions): AsyncGenerator<readonly StoredEvent[]> {
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const steps = log.read(shard, after, { ...options, isBulk: true, signal })[Symbol.asyncIterator]();
    try {
      yield* far(shard, { after, steps, signal });
      for (let step = await steps.next(); !step.done; step = await steps.next()) yield step.value;
    } finally {
      stop.abort(); // what is on its way need not come
      await steps.return?.();
    }
  }

  /** Up to the present head. */
  async function* far(
    shard: Shard,
    { after, steps, signal }: { after: Position; steps: AsyncIterator<readonly StoredEvent[]>; signal: AbortSignal },
  ): AsyncGenerator<readonly StoredEvent[]> {
    using _turn = await turns.acquire();
    const head = signal.aborted ? after : await log.head(shard);
    for (let at = after; at < head;) {
      const events: StoredEvent[] = [];
      while (events.length < LARGE_STEPS.eventsMin && at < head) {
        const step = await steps.next();
        if (step.done) return;
        events.push(...step.value);
        at = events.at(-1)?.position ?? at;
      }
      yield events;
    }
  }

  return withReads(log, read);
}

// The end of a shard's log that a read model has not folded yet: one reader per shard, shared by all who wait for it.
// With projectors running it is rarely asked; with them stopped it keeps pages and resumes complete.
import { LogUnavailable, type EventLog, type Position, type Shard, type StoredEvent, type World } from '@parley/domain';
import { coalesce } from './coalesce.ts';
import { assertFollows, isBeyondRetry } from './runner.ts';

export const TAIL = {
  /** Further behind than this the answer is "unavailable", not a longer wait. */
  eventsMax: 50_000,
  readMsMax: 5_000,
} as const;

export interface Tail {
  /** Every event of the shard after the first position up to the second, both inclusive of what is void. */
  between(shard: Shard, after: Position, upTo: Position): Promise<readonly StoredEvent[]>;
}

/** Events after `after`, one for each position. */
interface Kept {
  readonly after: Position;
  readonly events: readonly StoredEvent[];
}

export function createTail(log: EventLog, world: World): Tail {
  const keptByShard = new Map<Shard, Kept>();
  const wanted = new Map<Shard, { after: Position; upTo: Position }>();

  /** Extends what is kept to what is wanted by all who wait. */
  const extend = coalesce(async (shard: Shard) => {
    const want = wanted.get(shard);
    wanted.delete(shard);
    if (!want) throw new Error(`shard ${shard}: nobody wants its tail`);
    const before = usable(keptByShard.get(shard), want.after);
    const events = [...before.events, ...(await readUpTo(shard, end(before), want.upTo))];
    const kept = { after: before.after, events };
    keptByShard.set(shard, kept);
    return kept;
  });

  async function readUpTo(shard: Shard, after: Position, upTo: Position): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    if (after >= upTo) return events;
    const stop = new AbortController();
    using _timer = world.schedule(TAIL.readMsMax, () => stop.abort());
    let last = after;
    try {
      for await (const step of log.read(shard, after, { reader: 'tail', signal: stop.signal })) {
        last = assertFollows(shard, last, step);
        events.push(...step);
        if (last >= upTo) break;
      }
    } catch (cause) {
      // Its readers have stopped at the same event; whoever asks is told to come again, not that the house is broken.
      if (isBeyondRetry(cause)) throw new LogUnavailable(`shard ${shard}: it cannot be read on`, { cause });
      throw cause;
    }
    if (last < upTo)
      throw new LogUnavailable(`shard ${shard}: read to ${last}, not to ${upTo}, in ${TAIL.readMsMax} ms`);
    return events;
  }

  return {
    async between(shard, after, upTo) {
      if (upTo <= after) {
        keptByShard.delete(shard); // the projectors have caught up
        return [];
      }
      if (upTo - after > TAIL.eventsMax) throw new LogUnavailable(`shard ${shard}: ${upTo - after} events to fold`);
      const before = keptByShard.get(shard);
      if (before && covers(before, after, upTo)) return slice(before, after, upTo);
      const others = wanted.get(shard);
      wanted.set(shard, {
        after: others && others.after < after ? others.after : after,
        upTo: others && others.upTo > upTo ? others.upTo : upTo,
      });
      return slice(await extend(shard), after, upTo);
    },
  };
}

const end = (kept: Kept): Position => kept.events.at(-1)?.position ?? kept.after;

const covers = (kept: Kept, after: Position, upTo: Position): boolean => kept.after <= after && end(kept) >= upTo;

const slice = (kept: Kept, after: Position, upTo: Position): readonly StoredEvent[] =>
  kept.events.slice(after - kept.after, upTo - kept.after);

/** What is kept, without what lies before `after`; nothing when it does not reach there. */
function usable(kept: Kept | undefined, after: Position): Kept {
  if (!kept || kept.after > after || end(kept) < after) return { after, events: [] };
  return { after, events: kept.events.slice(after - kept.after) };
}

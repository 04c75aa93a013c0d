// A log for unit tests: the promises of EventLog over arrays, with a hook to fail or to act before each call. It is not the
// in-memory adapter (`infra/memory`), which packages below infra may not import.
import { ACCEPTANCE } from '../acceptance.ts';
import { isConversationEvent, type ChatEvent, type NewEvent, type StoredEvent } from '../event.ts';
import { shardOf, type Position, type Shard } from '../ids.ts';
import { LogGap, type EventLog } from '../log.ts';
import { startTs, stored } from './facts.ts';

export type LogCall = Exclude<keyof EventLog, 'shards'>;

export interface TestLog extends EventLog {
  /** Puts an event into the log as if someone had appended it; positions and times come from the log. */
  put<Event extends ChatEvent>(event: Event, others?: Partial<StoredEvent<Event>>): StoredEvent<Event>;
  /** Everything in a shard, in order. */
  events(shard?: number): readonly StoredEvent[];
  /** Calls so far. */
  readonly calls: readonly LogCall[];
}

export interface TestLogOptions {
  readonly shards?: number;
  readonly now?: () => number;
  /** Most events one step of `read` gives. */
  readonly stepMax?: () => number;
  /** Runs before each call; what it throws, the call throws. */
  readonly before?: (call: LogCall) => void | Promise<void>;
}

export function createTestLog(options: TestLogOptions = {}): TestLog {
  const { shards = 1, now = () => startTs, stepMax = () => 512, before = () => undefined } = options;
  const streams = Array.from({ length: shards }, (): StoredEvent[] => []);
  const arrivals = new Set<() => void>();
  const calls: LogCall[] = [];
  const stream = (shard: number): StoredEvent[] => streams[shard] ?? [];
  const begin = async (call: LogCall): Promise<void> => {
    calls.push(call);
    await before(call);
  };

  function store(event: NewEvent): StoredEvent {
    const events = stream(shardOf(event.conversationId, shards));
    const position = (events.length + 1) as Position;
    const next = { ...event, position, storedTs: now() };
    events.push(next);
    for (const arrived of arrivals) arrived();
    return next;
  }

  const arrival = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        arrivals.delete(done);
        resolve();
      };
      arrivals.add(done);
      signal.addEventListener('abort', done, { once: true });
    });

  return {
    shards,
    calls,
    events: (shard = 0) => stream(shard),
    put(event, others = {}) {
      const one = stored(0, event, others);
      const events = stream(shardOf(one.conversationId, shards));
      const next = { ...stored(events.length + 1, event, { storedTs: now(), ...others }) };
      events.push(next);
      for (const arrived of arrivals) arrived();
      return next;
    },
    async append(event) {
      await begin('append');
      const events = stream(shardOf(event.conversationId, shards));
      const original = events.findLast(({ idempotencyKey }) => idempotencyKey === event.idempotencyKey);
      if (original && original.storedTs + ACCEPTANCE.dedupWindowMs >= now()) {
        return { type: 'Appended', position: original.position, duplicate: true };
      }
      const last = events.findLast((one) => one.conversationId === event.conversationId && isConversationEvent(one));
      if ((last?.position ?? 0) !== event.decidedOn) return { type: 'Stale' };
      return { type: 'Appended', position: store(event).position, duplicate: false };
    },
    async *read(shard: Shard, after: Position, { signal }) {
      await begin('read');
      let last: number = after;
      if (last > stream(shard).length) throw new LogGap(`shard ${shard}: nothing at ${last}`);
      while (!signal.aborted) {
        const events = stream(shard).slice(last, last + stepMax());
        if (events.length > 0) yield events;
        else await arrival(signal);
        last += events.length;
      }
    },
    async readOne(shard, position) {
      await begin('readOne');
      return stream(shard)[position - 1];
    },
    async head(shard) {
      await begin('head');
      return stream(shard).length as Position;
    },
    async conversationEvents(conversationId, after) {
      await begin('conversationEvents');
      const events = stream(shardOf(conversationId, shards)).filter(isConversationEvent);
      return events.filter((one) => one.conversationId === conversationId && one.position > after);
    },
    async *conversation(conversationId, { after, upTo, signal }) {
      await begin('conversation');
      const events = stream(shardOf(conversationId, shards)).slice(after, upTo);
      const wanted = events.filter((one) => one.conversationId === conversationId);
      for (let from = 0; from < wanted.length && !signal.aborted;) {
        const step = wanted.slice(from, from + stepMax());
        yield step;
        from += step.length;
      }
    },
  };
}

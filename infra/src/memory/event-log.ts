// The event log in memory, for tests and the simulation: the same promises as on JetStream, R1 (`infra/nats`), checked by the
// same contract suite. Nothing is durable, and nothing fails.
import {
  ACCEPTANCE,
  isConversationEvent,
  LogGap,
  NO_POSITION,
  position,
  readBatchMax,
  shardOf,
  type Appended,
  type AppendRefusal,
  type ConversationEvent,
  type ConversationId,
  type ConversationRange,
  type EventLog,
  type NewEvent,
  type Position,
  type ReadOptions,
  type Shard,
  type StoredEvent,
  type TimestampMs,
  type World,
} from '@parley/domain';

export interface MemoryEventLogOptions {
  readonly shards: number;
  readonly world: World;
  /** The log's own clock; the world's when not given. Apart, they are a gateway and a server that disagree. */
  readonly logNow?: () => TimestampMs;
}

/** What one shard holds. */
interface ShardLog {
  /** Position p is at index p - 1. */
  readonly events: StoredEvent[];
  readonly changes: Map<ConversationId, StoredEvent<ConversationEvent>[]>;
  /** In the order of storing, so that the oldest are found first. */
  readonly remembered: Map<string, Pick<StoredEvent, 'position' | 'storedTs'>>;
  readonly waiting: Set<() => void>;
}

export class MemoryEventLog implements EventLog {
  readonly shards: number;
  readonly #world: World;
  readonly #logNow: () => TimestampMs;
  readonly #logs: readonly ShardLog[];

  constructor({ shards, world, logNow = () => world.now() }: MemoryEventLogOptions) {
    this.shards = shards;
    this.#world = world;
    this.#logNow = logNow;
    this.#logs = Array.from({ length: shards }, emptyLog);
  }

  async append(event: NewEvent): Promise<Appended | AppendRefusal> {
    const log = this.#logOf(shardOf(event.conversationId, this.shards));
    if (this.#world.now() >= event.notAfterTs - ACCEPTANCE.ackMarginMs) return { type: 'Unavailable', retryAfterMs: 0 };
    // JetStream on R1 looks at the condition first: a retry on a stale one is refused even if its original is stored.
    if (lastChange(log, event.conversationId) !== event.decidedOn) return { type: 'Stale' };
    forget(log, this.#logNow() - ACCEPTANCE.dedupWindowMs);
    const original = log.remembered.get(event.idempotencyKey);
    if (original) return { type: 'Appended', position: original.position, duplicate: true };
    return { type: 'Appended', position: store(log, event, this.#logNow()), duplicate: false };
  }

  async *read(shard: Shard, after: Position, { signal }: ReadOptions): AsyncGenerator<readonly StoredEvent[]> {
    const log = this.#logOf(shard);
    if (after > log.events.length) throw new LogGap(`after ${after}, but the head is ${log.events.length}`);
    for (let cursor: number = after; !signal.aborted;) {
      const arrived = log.events.slice(cursor, cursor + readBatchMax);
      cursor += arrived.length;
      if (arrived.length > 0) yield arrived;
      else await nextEvent(log, signal);
    }
  }

  async readOne(shard: Shard, at: Position): Promise<StoredEvent | undefined> {
    return this.#logOf(shard).events[at - 1];
  }

  async head(shard: Shard): Promise<Position> {
    return position(this.#logOf(shard).events.length);
  }

  async conversationEvents(
    conversationId: ConversationId,
    after: Position,
  ): Promise<readonly StoredEvent<ConversationEvent>[]> {
    const { changes } = this.#logOf(shardOf(conversationId, this.shards));
    return changes.get(conversationId)?.filter(({ position }) => position > after) ?? [];
  }

  async *conversation(
    conversationId: ConversationId,
    { after, upTo, signal }: ConversationRange,
  ): AsyncGenerator<readonly StoredEvent[]> {
    const { events } = this.#logOf(shardOf(conversationId, this.shards));
    const wanted = events.slice(after, upTo).filter((stored) => stored.conversationId === conversationId);
    for (let from = 0; from < wanted.length && !signal.aborted; from += readBatchMax) {
      yield wanted.slice(from, from + readBatchMax);
    }
  }

  #logOf(shard: Shard): ShardLog {
    const log = this.#logs[shard];
    if (log === undefined) throw new RangeError(`no shard ${shard} of ${this.shards}`);
    return log;
  }
}

const emptyLog = (): ShardLog => ({
  events: [],
  changes: new Map(),
  remembered: new Map(),
  waiting: new Set(),
});

const lastChange = ({ changes }: ShardLog, conversationId: ConversationId): Position =>
  changes.get(conversationId)?.at(-1)?.position ?? NO_POSITION;

function store(log: ShardLog, event: NewEvent, storedTs: TimestampMs): Position {
  const stored: StoredEvent = { ...event, position: position(log.events.length + 1), storedTs };
  log.events.push(stored);
  log.remembered.set(event.idempotencyKey, stored);
  if (isConversationEvent(stored)) {
    log.changes.set(event.conversationId, [...(log.changes.get(event.conversationId) ?? []), stored]);
  }
  for (const wake of log.waiting) wake();
  return stored.position;
}

function forget({ remembered }: ShardLog, storedBefore: TimestampMs): void {
  for (const [key, { storedTs }] of remembered) {
    if (storedTs >= storedBefore) return;
    remembered.delete(key);
  }
}

/** Resolves when something was stored, or the signal aborts. */
async function nextEvent({ waiting }: ShardLog, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  waiting.add(wake);
  signal.addEventListener('abort', wake);
  await promise;
  signal.removeEventListener('abort', wake);
  waiting.delete(wake);
}

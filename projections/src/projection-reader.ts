// A projection as a reader of the log: heads in, folds applied, one batch out. An exception in a fold parks that one
// conversation; everything else goes on.
import { isVoid, type ConversationId, type Position, type Shard, type StoredEvent } from '@parley/domain';
import { LRUCache } from 'lru-cache';
import type { ParkedRecords } from './parked-records.ts';
import {
  StoreUnavailable,
  type Head,
  type ParkedConversation,
  type Projection,
  type ProjectionStore,
} from './projection.ts';
import type { LogReader } from './runner.ts';

export interface ProjectionObserver {
  parked(projection: string, parked: ParkedConversation): void;
  /** An event of a parked conversation went by. */
  passedOver(projection: string, stored: StoredEvent): void;
  voided(projection: string, stored: StoredEvent): void;
  /** As many conversations are parked in this shard, whenever that may have changed; 0 when the shard is another worker's. */
  parkedNow?(reader: string, shard: Shard, count: number): void;
}

/** Who keeps something besides the rows is told of each step that is durable. Never rejects; the fold waits, for a bounded time. */
export interface FoldFollower<H extends Head> {
  /** The shard is read from here on; again when a step failed. */
  begin(shard: Shard, checkpoint: Position): Promise<void>;
  /** `heads` of every conversation that the step has an event of, as they are stored now. */
  wrote(shard: Shard, step: { readonly upTo: Position; readonly heads: readonly H[] }): Promise<void>;
  leave(shard: Shard): Promise<void>;
}

export interface ProjectionReaderOptions<H extends Head = Head> {
  readonly generation: number;
  readonly observer: ProjectionObserver;
  /** Durable before the checkpoint passes. */
  readonly parkedRecords?: ParkedRecords;
  readonly follower?: FoldFollower<H>;
}

/** Heads kept between batches; a head is deterministic, so an old one only costs a rewrite of the same rows. */
const cachedHeadsMax = 10_000;

export function projectionReader<H extends Head, Row>(
  projection: Projection<H, Row>,
  store: ProjectionStore<H, Row>,
  options: ProjectionReaderOptions<H>,
): LogReader {
  const cached = new LRUCache<ConversationId, H>({ max: cachedHeadsMax });
  const parkedByShard = new Map<Shard, Map<ConversationId, ParkedConversation>>();

  const name = `${projection.name}-g${options.generation}`;
  const keepParked = (shard: Shard, parked: ReadonlyMap<ConversationId, ParkedConversation>): void => {
    parkedByShard.set(shard, new Map(parked));
    options.observer.parkedNow?.(name, shard, parked.size);
  };

  return {
    name,

    async checkpoint(shard) {
      cached.clear();
      keepParked(shard, new Map((await store.parked(shard)).map((parked) => [parked.conversationId, parked])));
      const checkpoint = await store.checkpoint(shard);
      await options.follower?.begin(shard, checkpoint);
      return checkpoint;
    },

    async apply(shard, events) {
      const parked = new Map(parkedByShard.get(shard));
      const heads = await headsOf(events);
      const { passedOver, ...batch } = foldBatch({ projection, heads, parked, observer: options.observer }, events);
      await keepRecords(shard, batch.parked, events);
      if (passedOver.size > 0) await assertStillParked(shard, passedOver);
      await store.write(shard, { ...batch, checkpoint: lastPosition(events) });
      for (const head of batch.heads) cached.set(head.conversationId, head);
      keepParked(shard, parked);
      await options.follower?.wrote(shard, { upTo: lastPosition(events), heads: [...heads.values()] });
    },

    async leave(shard) {
      options.observer.parkedNow?.(name, shard, 0);
      await options.follower?.leave(shard);
    },
  };

  async function keepRecords(shard: Shard, parked: readonly ParkedConversation[], events: readonly StoredEvent[]) {
    const { name } = projection;
    for (const one of parked) {
      const event = events.find(({ position }) => position === one.position);
      if (event)
        await options.parkedRecords?.keep({
          projection: name,
          generation: options.generation,
          shard,
          parked: one,
          event,
        });
    }
  }

  /** One that was refolded meanwhile, by the worker that has the shard now, would miss what this one passes over. */
  async function assertStillParked(shard: Shard, passedOver: ReadonlySet<ConversationId>): Promise<void> {
    const parked = new Set((await store.parked(shard)).map(({ conversationId }) => conversationId));
    const gone = [...passedOver].find((id) => !parked.has(id));
    if (gone !== undefined) throw new StoreUnavailable(`${gone} is no longer parked`);
  }

  async function headsOf(events: readonly StoredEvent[]): Promise<Map<ConversationId, H>> {
    const heads = new Map<ConversationId, H>();
    const missing = new Set<ConversationId>();
    for (const { conversationId } of events) {
      const head = cached.get(conversationId);
      if (head) heads.set(conversationId, head);
      else missing.add(conversationId);
    }
    if (missing.size > 0) for (const [id, head] of await store.heads([...missing])) heads.set(id, head);
    return heads;
  }
}

interface FoldState<H extends Head, Row> {
  readonly projection: Projection<H, Row>;
  /** Both are this batch's own, and change as it is folded. */
  readonly heads: Map<ConversationId, H>;
  readonly parked: Map<ConversationId, ParkedConversation>;
  readonly observer: ProjectionObserver;
}

function foldBatch<H extends Head, Row>(state: FoldState<H, Row>, events: readonly StoredEvent[]) {
  const rows: Row[] = [];
  const moved = new Map<ConversationId, H>();
  const newlyParked: ParkedConversation[] = [];
  const passedOver = new Set<ConversationId>();
  const before = new Set(state.parked.keys());
  for (const stored of events) {
    const step = foldOne(state, stored);
    if (step.type === 'folded') {
      rows.push(...step.rows);
      moved.set(stored.conversationId, step.head);
    } else if (step.type === 'parked') {
      newlyParked.push(step.parked);
    } else if (step.type === 'passed-over' && before.has(stored.conversationId)) {
      passedOver.add(stored.conversationId);
    }
  }
  return { rows, heads: [...moved.values()], parked: newlyParked, passedOver };
}

type FoldStep<H, Row> =
  | { readonly type: 'folded'; readonly head: H; readonly rows: readonly Row[] }
  | { readonly type: 'parked'; readonly parked: ParkedConversation }
  | { readonly type: 'passed-over' }
  | { readonly type: 'skipped' };

function foldOne<H extends Head, Row>(state: FoldState<H, Row>, stored: StoredEvent): FoldStep<H, Row> {
  const { projection, heads, parked, observer } = state;
  const head = heads.get(stored.conversationId);
  if (head && stored.position <= head.position) return { type: 'skipped' }; // applied before
  if (isVoid(stored)) {
    observer.voided(projection.name, stored);
    return { type: 'skipped' };
  }
  if (parked.has(stored.conversationId)) {
    observer.passedOver(projection.name, stored);
    return { type: 'passed-over' };
  }
  try {
    const folded = projection.fold(head, stored);
    heads.set(stored.conversationId, folded.head);
    return { type: 'folded', ...folded };
  } catch (error) {
    const entry = { conversationId: stored.conversationId, position: stored.position, reason: String(error) };
    parked.set(stored.conversationId, entry);
    observer.parked(projection.name, entry);
    return { type: 'parked', parked: entry };
  }
}

function lastPosition(events: readonly StoredEvent[]): Position {
  const last = events.at(-1);
  if (!last) throw new RangeError('a step of a reader holds at least one event');
  return last.position;
}

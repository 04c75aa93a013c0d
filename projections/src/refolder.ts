// Refolds in place at work: between two steps of a shard's reader, conversations for which somebody asked are folded again from
// their first event. Nobody else folds the shard meanwhile, but a worker that lost its lease: what that one writes, loses.
import {
  isVoid,
  NO_POSITION,
  type ConversationId,
  type EventLog,
  type Position,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import type { ShardWork } from './leased-shards.ts';
import { BEING_REFOLDED, refoldGraceMs } from './projection.ts';
import type {
  Head,
  ParkedConversation,
  Projection,
  ProjectionStore,
  RefoldableStore,
  Refolded,
  RefoldRequest,
} from './projection.ts';

export const REFOLDS = {
  /** How long somebody waits who asks for one, until it begins. */
  lookEveryMs: 1_000,
  /** Conversations that are parked together, while the shard's reader stands still. */
  conversationsAtOnce: 100,
} as const;

export interface RefoldObserver {
  /** It is as the log has it, up to the shard's checkpoint; or parked once more. */
  refolded?(projection: string, request: RefoldRequest, refolded: Refolded): void;
  /** It stays parked and asked for: it is tried again. */
  refoldFailed?(projection: string, error: unknown): void;
}

export interface RefoldDependencies<H extends Head, Row> {
  readonly projection: Projection<H, Row>;
  readonly store: ProjectionStore<H, Row> & RefoldableStore;
  readonly log: EventLog;
  readonly world: Pick<World, 'sleep'>;
  readonly observer: RefoldObserver;
}

/** One begin of a shard, until its end. */
interface Stay {
  readonly stop: AbortController;
  /** What is done with the reader, one after the other. Never rejects. */
  tail: Promise<void>;
  isRefolding: boolean;
}

/** The same work, put off for a shard while conversations of it are refolded. */
export function refolding<H extends Head, Row>(work: ShardWork, deps: RefoldDependencies<H, Row>): ShardWork {
  const stays = new Map<Shard, Stay>();
  const ending = new Map<Shard, Promise<void>>();
  let looking: { readonly stop: AbortController } | undefined;

  async function look(stop: AbortController): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        const asked = Map.groupBy(await deps.store.refoldsAsked(), ({ shard }) => shard);
        for (const [shard, requests] of asked) interrupt(shard, requests);
      } catch (error) {
        deps.observer.refoldFailed?.(deps.projection.name, error);
      }
      await deps.world.sleep(REFOLDS.lookEveryMs, stop.signal);
    }
  }

  function interrupt(shard: Shard, requests: readonly RefoldRequest[]): void {
    const stay = stays.get(shard);
    if (!stay || stay.isRefolding) return;
    stay.isRefolding = true;
    const conversationIds = requests.map((request) => request.conversationId).slice(0, REFOLDS.conversationsAtOnce);
    stay.tail = stay.tail.then(async () => {
      const { signal } = stay.stop;
      if (signal.aborted) return;
      await work.end(shard);
      await refoldAll(deps, { shard, conversationIds, signal }).catch((error: unknown) =>
        deps.observer.refoldFailed?.(deps.projection.name, error),
      );
      stay.isRefolding = false;
      if (!signal.aborted) work.begin(shard);
    });
  }

  return {
    begin(shard) {
      const stay: Stay = { stop: new AbortController(), tail: Promise.resolve(), isRefolding: false };
      const before = ending.get(shard);
      if (before) stay.tail = before.then(() => (stay.stop.signal.aborted ? undefined : work.begin(shard)));
      else work.begin(shard);
      stays.set(shard, stay);
      if (looking) return;
      looking = { stop: new AbortController() };
      look(looking.stop).catch(() => undefined); // it never rejects
    },

    async end(shard) {
      const stay = stays.get(shard);
      if (stay) {
        stay.stop.abort();
        stays.delete(shard);
        const ended = stay.tail
          .then(() => work.end(shard))
          .finally(() => ending.get(shard) === ended && ending.delete(shard));
        ending.set(shard, ended);
      }
      if (stays.size === 0) {
        looking?.stop.abort();
        looking = undefined;
      }
      await ending.get(shard);
    },
  };
}

interface Refolding {
  readonly shard: Shard;
  readonly conversationIds: readonly ConversationId[];
  readonly signal: AbortSignal;
}

/** Rejects when the store or the log does; what is not finished then stays parked and asked for. Nobody else folds the shard. */
async function refoldAll<H extends Head, Row>(deps: RefoldDependencies<H, Row>, work: Refolding): Promise<void> {
  const { shard, conversationIds, signal } = work;
  await park(deps, work);
  await deps.world.sleep(refoldGraceMs, signal);
  if (signal.aborted) return;
  // Rows may lie beyond the checkpoint: whoever wrote them did not come to raise it.
  await deps.store.clearForRefold(shard, conversationIds, await deps.log.head(shard));
  for (const conversationId of conversationIds) {
    const refolded = await refoldOne(deps, { shard, conversationId }, signal);
    if (refolded === undefined) return;
    await deps.store.finishRefold({ shard, conversationId }, refolded);
    deps.observer.refolded?.(deps.projection.name, { shard, conversationId }, refolded);
  }
}

/** Behind everything that is applied, so that it says no more than that. */
async function park<H extends Head, Row>({ store, log }: RefoldDependencies<H, Row>, work: Refolding): Promise<void> {
  const behind = ((await log.head(work.shard)) + 1) as Position;
  const parked = work.conversationIds.map((conversationId) => ({
    conversationId,
    position: behind,
    reason: BEING_REFOLDED,
  }));
  await store.write(work.shard, { rows: [], heads: [], parked, checkpoint: NO_POSITION });
}

/** Undefined when the signal aborted it. */
async function refoldOne<H extends Head, Row>(
  deps: RefoldDependencies<H, Row>,
  request: RefoldRequest,
  signal: AbortSignal,
): Promise<Refolded | undefined> {
  const fold = createFold(deps, request);
  let after = NO_POSITION;
  // A worker that lost its lease may have passed the conversation over meanwhile, as it is parked.
  for (let upTo = await deps.store.checkpoint(request.shard); upTo > after;) {
    for await (const events of deps.log.conversation(request.conversationId, { after, upTo, signal })) {
      const parked = await fold(events);
      if (parked) return { upTo: (parked.position - 1) as Position, parked };
    }
    if (signal.aborted) return undefined;
    after = upTo;
    upTo = await deps.store.checkpoint(request.shard);
  }
  return { upTo: after };
}

/** Folds and stores the next events; gives what a fold that threw makes of the conversation. */
function createFold<H extends Head, Row>(
  { projection, store }: RefoldDependencies<H, Row>,
  { shard, conversationId }: RefoldRequest,
): (events: readonly StoredEvent[]) => Promise<ParkedConversation | undefined> {
  let head: H | undefined;
  return async (events) => {
    const rows: Row[] = [];
    let parked: ParkedConversation | undefined;
    for (const stored of events) {
      if (isVoid(stored)) continue;
      try {
        const folded = projection.fold(head, stored);
        head = folded.head;
        rows.push(...folded.rows);
      } catch (error) {
        parked = { conversationId, position: stored.position, reason: String(error) };
        break;
      }
    }
    await store.write(shard, { rows, heads: head ? [head] : [], parked: [], checkpoint: NO_POSITION });
    return parked;
  };
}

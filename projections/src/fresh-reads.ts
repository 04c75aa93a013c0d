// Read your writes: what a store has not folded yet is folded from the log's tail on the way out. Every page, look-up and
// resume goes through here, so after an ack each of them includes it (docs/architecture.md).
import {
  allShards,
  isVoid,
  shardOf,
  type ConversationId,
  type EventLog,
  type Position,
  type Shard,
  type StoredEvent,
  type TimestampMs,
  type World,
} from '@parley/domain';
import { coalesce } from './coalesce.ts';
import type { Folded, Head, HeadReads, ParkedConversation, Projection } from './projection.ts';
import { BEING_REFOLDED, ConversationParked, refoldGraceMs, StoreUnavailable } from './projection.ts';
import type { Tail } from './tail.ts';

const FRESH_READS = {
  /** How long a read waits for the projector before it folds the rest itself. */
  waitMsMax: 200,
  /** Doubled at each look: a read waits at most twice as long as the projector took, and a late one is not asked to death. */
  pollMsMin: 2,
  pollMsMax: 64,
} as const;

export interface FreshReads<H extends Head, Row> {
  /** Heads, and the rows a store does not hold yet, of conversations in any shards, as of a moment after the call. */
  read(conversationIds: readonly ConversationId[]): Promise<ReadonlyMap<ConversationId, Fresh<H, Row>>>;
  /** The same for every conversation in the tail of any shard. */
  unfolded(): Promise<Unfolded<H, Row>>;
}

export interface Unfolded<H, Row> {
  readonly conversations: ReadonlyMap<ConversationId, Fresh<H, Row>>;
  readonly shards: ReadonlyMap<Shard, ShardRange>;
}

/** What of a shard is stored, and up to where the tail reaches. */
interface ShardRange {
  readonly checkpoint: Position;
  readonly upTo: Position;
}

export interface Fresh<H, Row> {
  /** The shard's last position when it was asked: nothing acked before is left out. */
  readonly upTo: Position;
  readonly head: H | undefined;
  /** In log order; the store may hold some of them by now. */
  readonly unstored: readonly Row[];
  /** It was not parked at some moment after this one. */
  readonly soundTs: TimestampMs;
}

export interface FreshReadsDependencies<H extends Head, Row> {
  readonly log: EventLog;
  readonly tail: Tail;
  readonly world: World;
  readonly projection: Projection<H, Row>;
  readonly store: HeadReads<H>;
}

export function createFreshReads<H extends Head, Row>(deps: FreshReadsDependencies<H, Row>): FreshReads<H, Row> {
  const { log, store } = deps;

  /** What the shard's log holds beyond the store's checkpoint, by conversation. */
  const ending = coalesce(async (shard: Shard): Promise<ShardEnding> => {
    const upTo = await log.head(shard);
    const checkpoint = await reachedCheckpoint(deps, shard, upTo);
    // After the checkpoint: what it passed of a parked conversation is known to be parked.
    const soundTs = deps.world.now();
    const [events, parked] = await Promise.all([deps.tail.between(shard, checkpoint, upTo), store.parked(shard)]);
    return { checkpoint, upTo, parked, soundTs, events: Map.groupBy(events, (stored) => stored.conversationId) };
  });

  async function readTo({ upTo, events, parked, soundTs }: ShardEnding, ids: readonly ConversationId[] | 'unfolded') {
    if (ids === 'unfolded') assertNoneRefolded(parked); // whose they are is not known before they are folded again
    const asked = ids === 'unfolded' ? [...events.keys()] : ids;
    if (asked.length === 0) return [];
    const heads = await store.heads(asked);
    if (ids !== 'unfolded') await assertSound(deps, asked, soundTs);
    const isParked = new Set(parked.map(({ conversationId }) => conversationId));
    const wanted = ids === 'unfolded' ? asked.filter((id) => !isParked.has(id)) : asked;
    assertNotParked(parked, wanted);
    return wanted.flatMap((id): [ConversationId, Fresh<H, Row>][] => {
      try {
        return [[id, { upTo, soundTs, ...foldOnto(deps.projection, heads.get(id), events.get(id) ?? []) }]];
      } catch (cause) {
        // The projector is about to park it: whoever asked for it comes again, the others are not brought down.
        if (ids === 'unfolded') return [];
        throw new StoreUnavailable(`${id} cannot be folded`, { cause });
      }
    });
  }

  return {
    async read(conversationIds) {
      const byShard = Map.groupBy(conversationIds, (id) => shardOf(id, log.shards));
      const parts = [...byShard].map(async ([shard, ids]) => readTo(await ending(shard), ids));
      return new Map((await Promise.all(parts)).flat());
    },
    async unfolded() {
      const endings = await Promise.all(
        allShards(log.shards).map(async (shard) => [shard, await ending(shard)] as const),
      );
      const parts = await Promise.all(endings.map(([, end]) => readTo(end, 'unfolded')));
      return { conversations: new Map(parts.flat()), shards: new Map(endings) };
    },
  };
}

interface ShardEnding extends ShardRange {
  readonly soundTs: TimestampMs;
  readonly parked: readonly ParkedConversation[];
  readonly events: ReadonlyMap<ConversationId, readonly StoredEvent[]>;
}

function assertNotParked(parked: readonly ParkedConversation[], ids: readonly ConversationId[]): void {
  const aside = parked.find(({ conversationId }) => ids.includes(conversationId));
  if (aside) throw new ConversationParked(`${aside.conversationId} is parked at ${aside.position}: ${aside.reason}`);
}

function assertNoneRefolded(parked: readonly ParkedConversation[]): void {
  const aside = parked.find(({ reason }) => reason === BEING_REFOLDED);
  if (aside) throw new ConversationParked(`${aside.conversationId}: ${aside.reason}`);
}

/**
 * A refold clears nothing so soon after it parked a conversation: what was not parked a moment ago, was read whole. After a longer
 * time it is asked once more whether it is parked.
 */
export async function assertSound(
  { store, world, log }: Pick<FreshReadsDependencies<Head, never>, 'store' | 'world' | 'log'>,
  conversationIds: readonly ConversationId[],
  soundTs: TimestampMs,
): Promise<void> {
  if (world.now() - soundTs < refoldGraceMs) return;
  const shards = new Set(conversationIds.map((id) => shardOf(id, log.shards)));
  const parked = (await Promise.all([...shards].map((shard) => store.parked(shard)))).flat();
  assertNotParked(parked, conversationIds);
}

/** The store's checkpoint once it has reached `upTo`, or as far as it is after the longest wait. */
async function reachedCheckpoint<H extends Head, Row>(
  { store, world }: FreshReadsDependencies<H, Row>,
  shard: Shard,
  upTo: Position,
): Promise<Position> {
  const deadline = world.now() + FRESH_READS.waitMsMax;
  let pollMs: number = FRESH_READS.pollMsMin;
  let checkpoint = await store.checkpoint(shard);
  while (checkpoint < upTo && world.now() < deadline) {
    await world.sleep(Math.min(pollMs, deadline - world.now()));
    pollMs = Math.min(FRESH_READS.pollMsMax, pollMs * 2);
    checkpoint = await store.checkpoint(shard);
  }
  return checkpoint;
}

function foldOnto<H extends Head, Row>(
  projection: Projection<H, Row>,
  stored: H | undefined,
  events: readonly StoredEvent[],
): { readonly head: H | undefined; readonly unstored: readonly Row[] } {
  let head = stored;
  const unstored: Row[] = [];
  for (const event of events) {
    if (isVoid(event) || (head && event.position <= head.position)) continue;
    const folded: Folded<H, Row> = projection.fold(head, event);
    head = folded.head;
    unstored.push(...folded.rows);
  }
  return { head, unstored };
}

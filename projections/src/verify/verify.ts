// A whole read model against the log, while workers go on. Each shard's log is folded once and hashed conversation by conversation,
// what is stored is hashed beside it, and only conversations whose hashes differ are compared row by row.
import {
  isVoid,
  NO_POSITION,
  shardOf,
  type ConversationId,
  type Digest,
  type Position,
  type Shard,
  type StoredEvent,
} from '@parley/domain';
import type { FullStore, Head, ParkedConversation } from '../projection.ts';
import { compareConversation, type Comparison } from './compare-conversation.ts';
import type { Difference } from './differences.ts';
import { Tally } from './fold-hash.ts';

export const VERIFY = {
  /** Conversations whose heads and hashes are held at one time; of more, the log is read once for each so many. */
  conversationsAtOnce: 200_000,
  headsPerRead: 500,
  comparedAtOnce: 4,
} as const;

export interface VerifyOptions<H extends Head, Row> extends Comparison<H, Row> {
  readonly digest: Digest;
  /** What share of the conversations is looked at, chosen by their ids: 1 is all of them. */
  readonly sample: number;
  readonly found: (difference: Difference) => void;
  /** Of each shard, which conversations were compared: for whoever compares what is kept besides. */
  readonly compared?: (shard: Shard, conversationIds: readonly ConversationId[]) => Promise<void>;
  readonly progress: (events: number, total: number) => void;
}

export interface Verified {
  readonly conversations: number;
  /** Those folded for it. */
  readonly events: number;
  /** Conversations that wait to be refolded: they are not compared. */
  readonly parked: readonly ParkedConversation[];
  readonly differing: ReadonlySet<ConversationId>;
}

/** A part of all conversations, by a hash of their ids in [0, 1). */
interface Slice {
  readonly from: number;
  readonly to: number;
}

/** Rejects when the store or the log cannot be asked; ends early when the signal aborts. */
export async function verify<H extends Head, Row>(options: VerifyOptions<H, Row>): Promise<Verified> {
  const { store, log, sample } = options;
  const shards = Array.from({ length: log.shards }, (_, shard) => shard as Shard);
  const slices = slicesOf(sample, await countStored(store));
  const checkpoints = await Promise.all(shards.map((shard) => store.checkpoint(shard)));
  const total = slices.length * checkpoints.reduce((sum, checkpoint) => sum + checkpoint, 0);
  const run = new Run(options, total);
  for (const slice of slices) {
    const stored = await storedIn(options, slice);
    for (const shard of shards) {
      if (!options.signal.aborted) await run.shard(shard, slice, stored.get(shard) ?? new Set());
    }
  }
  return run.verified();
}

function slicesOf(sample: number, stored: number): readonly Slice[] {
  const count = Math.max(1, Math.ceil((stored * sample) / VERIFY.conversationsAtOnce));
  return Array.from({ length: count }, (_, index) => ({
    from: (index * sample) / count,
    to: ((index + 1) * sample) / count,
  }));
}

/** FNV-1a once more mixed, for the shard is the remainder of the same hash. */
function isIn({ from, to }: Slice, id: ConversationId): boolean {
  if (from === 0 && to === 1) return true;
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  const share = ((hash ^ (hash >>> 12)) >>> 0) / 2 ** 32;
  return share >= from && share < to;
}

/** Some are counted twice: it is no more than a measure. */
async function countStored(store: Pick<FullStore<Head, unknown>, 'conversationIds'>): Promise<number> {
  let count = 0;
  for await (const ids of store.conversationIds()) count += ids.length;
  return count;
}

async function storedIn<H extends Head, Row>(
  { store, log }: VerifyOptions<H, Row>,
  slice: Slice,
): Promise<ReadonlyMap<Shard, ReadonlySet<ConversationId>>> {
  const stored = new Map<Shard, Set<ConversationId>>();
  for await (const ids of store.conversationIds()) {
    for (const id of ids) {
      if (!isIn(slice, id)) continue;
      const shard = shardOf(id, log.shards);
      stored.set(shard, (stored.get(shard) ?? new Set()).add(id));
    }
  }
  return stored;
}

/** Equal texts are equal rows, for rows are plain values. Keys in another order cost no more than a comparison row by row. */
const quickText = (row: unknown): string => JSON.stringify(row);

/** What the log says of one conversation. */
interface Logged<H extends Head, Row> {
  readonly tally: Tally<H, Row>;
  head?: H;
  /** The fold threw: it is compared row by row, if the store does not say that it is parked. */
  isUnfoldable?: true;
}

class Run<H extends Head, Row> {
  readonly #options: VerifyOptions<H, Row>;
  readonly #total: number;
  #read = 0;
  #conversations = 0;
  readonly #parked: ParkedConversation[] = [];
  readonly #differing = new Set<ConversationId>();

  constructor(options: VerifyOptions<H, Row>, total: number) {
    this.#options = options;
    this.#total = total;
  }

  verified(): Verified {
    return { conversations: this.#conversations, events: this.#read, parked: this.#parked, differing: this.#differing };
  }

  async shard(shard: Shard, slice: Slice, stored: ReadonlySet<ConversationId>): Promise<void> {
    const { store, log } = this.#options;
    const checkpoint = await store.checkpoint(shard);
    const head = await log.head(shard);
    if (checkpoint > head) this.#options.found({ type: 'ahead', shard, checkpoint, head });
    const upTo = checkpoint > head ? head : checkpoint;
    const logged = await this.#fold(shard, slice, upTo);
    const parked = (await store.parked(shard)).filter(({ conversationId }) => isIn(slice, conversationId));
    this.#parked.push(...parked);
    const aside = new Set(parked.map(({ conversationId }) => conversationId));
    const ids = [...new Set([...logged.keys(), ...stored])].filter((id) => !aside.has(id));
    this.#conversations += ids.length;
    const suspects = await this.#suspects(shard, upTo, { ids, logged });
    for (let at = 0; at < suspects.length && !this.#options.signal.aborted; at += VERIFY.comparedAtOnce) {
      await Promise.all(suspects.slice(at, at + VERIFY.comparedAtOnce).map((id) => this.#compare(shard, id)));
    }
    await this.#options.compared?.(shard, ids);
  }

  async #fold(shard: Shard, slice: Slice, upTo: Position): Promise<ReadonlyMap<ConversationId, Logged<H, Row>>> {
    const { log, projection, signal, progress } = this.#options;
    const logged = new Map<ConversationId, Logged<H, Row>>();
    if (upTo === NO_POSITION) return logged;
    const end = new AbortController();
    const reading = { reader: `verify-${projection.name}`, signal: AbortSignal.any([signal, end.signal]) };
    for await (const events of log.read(shard, NO_POSITION, reading)) {
      for (const stored of events) {
        if (stored.position <= upTo && isIn(slice, stored.conversationId)) this.#foldOne(logged, stored);
      }
      const last = events.at(-1)?.position ?? NO_POSITION;
      this.#read += events.filter(({ position }) => position <= upTo).length;
      progress(this.#read, this.#total);
      if (last >= upTo) end.abort();
    }
    return logged;
  }

  #foldOne(logged: Map<ConversationId, Logged<H, Row>>, stored: StoredEvent): void {
    const { projection, digest } = this.#options;
    const before = logged.get(stored.conversationId) ?? { tally: new Tally(projection, digest, quickText) };
    if (isVoid(stored) || before.isUnfoldable) return;
    logged.set(stored.conversationId, before);
    try {
      const { head, rows } = projection.fold(before.head, stored);
      before.head = head;
      for (const row of rows) before.tally.add(row);
    } catch {
      before.isUnfoldable = true; // compared row by row it tells where and why
    }
  }

  /** Those whose hashes differ, be it because workers went on, and those of which the store itself says that something is amiss. */
  async #suspects(
    shard: Shard,
    upTo: Position,
    {
      ids,
      logged,
    }: { readonly ids: readonly ConversationId[]; readonly logged: ReadonlyMap<ConversationId, Logged<H, Row>> },
  ): Promise<readonly ConversationId[]> {
    const { store, projection, digest } = this.#options;
    const heads = new Map<ConversationId, H>();
    for (let at = 0; at < ids.length; at += VERIFY.headsPerRead) {
      for (const [id, head] of await store.heads(ids.slice(at, at + VERIFY.headsPerRead))) heads.set(id, head);
    }
    const tallies = new Map(ids.map((id) => [id, new Tally(projection, digest, quickText)]));
    const flawed = new Set<ConversationId>();
    /** Where rows lie that are not compared: workers went on, or they are of no event at all. */
    const later = new Map<ConversationId, Position>();
    for await (const { rows, flaws } of store.rows(shard, ids)) {
      for (const row of rows) {
        const { conversationId, position } = projection.place(row);
        if (position <= upTo) tallies.get(conversationId)?.add(row);
        else if (position > (later.get(conversationId) ?? upTo)) later.set(conversationId, position);
      }
      for (const { conversationId } of flaws) flawed.add(conversationId);
    }
    const end = await this.#options.log.head(shard);
    const isSound = (id: ConversationId): boolean => {
      const expected = logged.get(id);
      return (
        !flawed.has(id) &&
        (later.get(id) ?? end) <= end &&
        !expected?.isUnfoldable &&
        expected?.tally.hash(expected.head) === tallies.get(id)?.hash(heads.get(id))
      );
    };
    return ids.filter((id) => !isSound(id));
  }

  async #compare(shard: Shard, conversationId: ConversationId): Promise<void> {
    const { store, found } = this.#options;
    const differences: Difference[] = [];
    for await (const difference of compareConversation(this.#options, shard, conversationId)) {
      differences.push(difference);
      if (differences.length > differencesKeptMax) break;
    }
    // It may have been parked, or refolded, in the middle of it.
    const parked = (await store.parked(shard)).find((one) => one.conversationId === conversationId);
    if (parked) return void this.#parked.push(parked);
    for (const difference of differences) found(difference);
    if (differences.length > 0) this.#differing.add(conversationId);
  }
}

/** Of one conversation; who repairs it repairs all. */
const differencesKeptMax = 1_000;

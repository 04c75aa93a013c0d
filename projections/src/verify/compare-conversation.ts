// One conversation, row by row, while workers go on: what is stored has to be what the fold makes of the log at some position at or
// after the checkpoint that was noted before, and nothing else. Memory does not grow with the number of its messages.
import {
  isVoid,
  NO_POSITION,
  type ConversationId,
  type EventLog,
  type Position,
  type Shard,
  type World,
} from '@parley/domain';
import {
  comparePlaces,
  type Flaw,
  type FullStore,
  type Head,
  type RowPlace,
  type VerifiableProjection,
} from '../projection.ts';
import { canonical } from './canonical.ts';
import type { Difference } from './differences.ts';

/** What is written beside a row may come a moment later: it is looked at again. */
const secondLookMs = 1_000;

export interface Comparison<H extends Head, Row> {
  readonly projection: VerifiableProjection<H, Row>;
  readonly store: FullStore<H, Row>;
  readonly log: EventLog;
  readonly world: Pick<World, 'sleep'>;
  readonly signal: AbortSignal;
}

/** All that differs; ends early when the signal aborts. Of a conversation that is parked it says nothing of use. */
export async function* compareConversation<H extends Head, Row>(
  deps: Comparison<H, Row>,
  shard: Shard,
  conversationId: ConversationId,
): AsyncGenerator<Difference> {
  const { store, log } = deps;
  const checkpoint = await store.checkpoint(shard);
  const head = (await store.heads([conversationId])).get(conversationId);
  const upTo = await log.head(shard);
  const folding = new Folding(deps, { conversationId, checkpoint, upTo, headAt: head?.position ?? NO_POSITION });
  const flaws: Flaw[] = [];
  const rows = rowsIn(store.rows(shard, [conversationId]), flaws);
  yield* compareRows({ ...deps, shard, conversationId, upTo }, folding.versions(), rows);
  if (deps.signal.aborted) return;
  yield* folding.failures();
  yield* compareHeads(conversationId, head, folding);
  yield* await lastingFlaws(deps, shard, flaws);
}

async function* rowsIn<Row>(
  steps: AsyncIterable<{ readonly rows: readonly Row[]; readonly flaws: readonly Flaw[] }>,
  flaws: Flaw[],
): AsyncGenerator<Row> {
  for await (const step of steps) {
    flaws.push(...step.flaws);
    yield* step.rows;
  }
}

/** What may be stored at one place: the last row as of the checkpoint, and those after it. */
interface Versions<Row> {
  readonly place: RowPlace;
  readonly rows: readonly Row[];
  /** Something has to be there. */
  readonly isDue: boolean;
}

interface FoldRange {
  readonly conversationId: ConversationId;
  readonly checkpoint: Position;
  readonly upTo: Position;
  /** Of the head that is stored. */
  readonly headAt: Position;
}

/** The fold of one conversation's events, and what of it is remembered. */
class Folding<H extends Head, Row> {
  readonly #deps: Comparison<H, Row>;
  readonly #range: FoldRange;
  readonly #keyed = new Map<string, Versions<Row>>();
  #head: H | undefined;
  /** As of the checkpoint. */
  due: H | undefined;
  /** At the position of the stored one. */
  counterpart: H | undefined;
  #failure: Difference | undefined;

  constructor(deps: Comparison<H, Row>, range: FoldRange) {
    this.#deps = deps;
    this.#range = range;
  }

  *failures(): Generator<Difference> {
    if (this.#failure) yield this.#failure;
  }

  /** In the order of their places. */
  async *versions(): AsyncGenerator<Versions<Row>> {
    const { log, signal } = this.#deps;
    const { conversationId, upTo } = this.#range;
    for await (const events of log.conversation(conversationId, { after: NO_POSITION, upTo, signal })) {
      for (const stored of events) {
        if (isVoid(stored) || this.#failure) continue;
        for (const row of this.#fold(stored)) yield* this.#version(row);
      }
    }
    yield* [...this.#keyed.values()].toSorted((a, b) => comparePlaces(a.place, b.place));
  }

  #fold(stored: Parameters<VerifiableProjection<H, Row>['fold']>[1]): readonly Row[] {
    try {
      const { head, rows } = this.#deps.projection.fold(this.#head, stored);
      this.#head = head;
      if (stored.position <= this.#range.checkpoint) this.due = head;
      if (stored.position === this.#range.headAt) this.counterpart = head;
      return rows;
    } catch (error) {
      const { conversationId, position } = stored;
      this.#failure = { type: 'unfoldable', conversationId, position, reason: String(error) };
      return [];
    }
  }

  *#version(row: Row): Generator<Versions<Row>> {
    const place = this.#deps.projection.place(row);
    const isDue = place.position <= this.#range.checkpoint;
    if (place.key === undefined) yield { place, rows: [row], isDue };
    else {
      const before = this.#keyed.get(place.key);
      const rows = isDue ? [row] : [...(before?.rows ?? []), row];
      this.#keyed.set(place.key, { place, rows, isDue: isDue || (before?.isDue ?? false) });
    }
  }
}

interface RowComparison<H extends Head, Row> extends Comparison<H, Row> {
  readonly shard: Shard;
  readonly conversationId: ConversationId;
  readonly upTo: Position;
}

/** Both in the order of their places. */
async function* compareRows<H extends Head, Row>(
  deps: RowComparison<H, Row>,
  expected: AsyncGenerator<Versions<Row>>,
  stored: AsyncGenerator<Row>,
): AsyncGenerator<Difference> {
  const { projection, conversationId, signal } = deps;
  let next = await stored.next();
  for await (const { place, rows, isDue } of expected) {
    const order = (row: Row): number => comparePlaces(projection.place(row), place);
    for (; !next.done && order(next.value) < 0; next = await stored.next()) yield* extra(deps, next.value);
    const what = `row ${place.key ?? place.position}`;
    if (!next.done && order(next.value) === 0) {
      const found = canonical(next.value);
      if (!rows.some((row) => canonical(row) === found) && !(await isLater(deps, next.value))) {
        yield { type: 'different', conversationId, what, expected: rows.at(-1), stored: next.value };
      }
      next = await stored.next();
    } else if (isDue) yield { type: 'missing', conversationId, what, expected: rows.at(-1) };
  }
  for (; !next.done && !signal.aborted; next = await stored.next()) yield* extra(deps, next.value);
}

async function* extra<H extends Head, Row>(deps: RowComparison<H, Row>, row: Row): AsyncGenerator<Difference> {
  if (await isLater(deps, row)) return;
  const { position, key } = deps.projection.place(row);
  yield { type: 'extra', conversationId: deps.conversationId, what: `row ${key ?? position}`, stored: row };
}

/** Of an event that came after the fold's end, be it in the place of an earlier one: it is no difference. */
async function isLater<H extends Head, Row>(
  { projection, log, shard, upTo }: RowComparison<H, Row>,
  row: Row,
): Promise<boolean> {
  const { position } = projection.place(row);
  return position > upTo && position <= (await log.head(shard));
}

function* compareHeads<H extends Head>(
  conversationId: ConversationId,
  stored: H | undefined,
  { due, counterpart }: { readonly due: H | undefined; readonly counterpart: H | undefined },
): Generator<Difference> {
  const what = 'head';
  if (stored === undefined) {
    if (due) yield { type: 'missing', conversationId, what, expected: due };
    return;
  }
  const isBehind = due !== undefined && stored.position < due.position;
  if (!isBehind && counterpart && canonical(counterpart) === canonical(stored)) return;
  const expected = isBehind ? due : (counterpart ?? due);
  if (expected) yield { type: 'different', conversationId, what, expected, stored };
  else yield { type: 'extra', conversationId, what, stored };
}

async function lastingFlaws<H extends Head, Row>(
  { store, world, signal }: Comparison<H, Row>,
  shard: Shard,
  flaws: readonly Flaw[],
): Promise<readonly Difference[]> {
  const [first] = flaws;
  if (!first) return [];
  await world.sleep(secondLookMs, signal);
  const again = new Set<string>();
  for await (const step of store.rows(shard, [first.conversationId])) {
    for (const { problem } of step.flaws) again.add(problem);
  }
  return flaws.filter(({ problem }) => again.has(problem)).map((flaw) => ({ type: 'flaw', ...flaw }));
}

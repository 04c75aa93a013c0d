// What is added to a position to make the timestamp of a write, conversation by conversation. It is the generation's own, but
// for conversations that were repaired in place: theirs is higher, so that what is folded anew wins over what was stored.
// Who writes looks again before the checkpoint (projection-tables.ts); nobody has to be told.
import type { ConversationId, Position, Shard } from '@parley/domain';
import { conversationIdIn, integer, long } from './cells.ts';
import type { Session } from './session.ts';

/**
 * ScyllaDB refuses timestamps beyond its clock, which counts microseconds since 1970: this is in 2023. Positions are smaller
 * by far, so thousands of repairs of a large log fit below.
 */
export const timestampMax = 1_700_000_000_000_000;

export interface RaisedTable {
  readonly session: Session;
  readonly name: string;
}

export class Bases {
  readonly #table: RaisedTable;
  readonly #generation: number;
  readonly #raised = new Map<ConversationId, number>();
  /** All up to here are known, by shard; of equal ones some may still come. */
  readonly #known = new Map<Shard, number>();
  /** What `changes` has not told yet. */
  readonly #changed = new Map<Shard, Set<ConversationId>>();

  constructor(table: RaisedTable, generation: number) {
    this.#table = table;
    this.#generation = generation;
  }

  of(conversationId: ConversationId | undefined): number {
    return (conversationId && this.#raised.get(conversationId)) ?? this.#generation;
  }

  /** Before anything of the shard is read to be folded on: `changes` then tells what changed since. */
  async know(shard: Shard): Promise<void> {
    if (!this.#known.has(shard)) await this.changes(shard);
  }

  /** Conversations that others raised since it was asked last. */
  async changes(shard: Shard): Promise<ReadonlySet<ConversationId>> {
    await this.look(shard);
    const changed = this.#changed.get(shard) ?? new Set();
    this.#changed.delete(shard);
    return changed;
  }

  async look(shard: Shard): Promise<void> {
    const { session, name } = this.#table;
    const cql = `SELECT base, conversation_id FROM ${name} WHERE shard = ? AND base >= ?`;
    const cells = [shard, long(this.#known.get(shard) ?? 0)];
    this.#known.set(shard, this.#known.get(shard) ?? 0);
    for await (const rows of session.pages({ cql, cells })) {
      for (const row of rows) this.#learn(shard, conversationIdIn(row), integer(row, 'base'));
    }
  }

  #learn(shard: Shard, conversationId: ConversationId, base: number): void {
    this.#known.set(shard, Math.max(base, this.#known.get(shard) ?? 0));
    if (base <= this.of(conversationId)) return;
    this.#raised.set(conversationId, base);
    this.#changed.set(shard, (this.#changed.get(shard) ?? new Set()).add(conversationId));
  }

  /**
   * Above all bases of the shard, and above what any position up to `above` was written at. Whoever folded the conversation before
   * sees it at the next write, and begins anew.
   */
  async raise(shard: Shard, conversationId: ConversationId, above: Position): Promise<void> {
    const { session, name } = this.#table;
    for (;;) {
      await this.look(shard);
      const base = Math.max(this.#known.get(shard) ?? 0, this.#generation) + above + 1;
      if (base + above > timestampMax) throw new RangeError(`no timestamps left above ${base}: build a new generation`);
      const cql = `INSERT INTO ${name} (shard, base, conversation_id) VALUES (?, ?, ?) USING TIMESTAMP 0`;
      await session.write([{ cql, cells: [shard, long(base), conversationId] }]);
      await this.look(shard);
      // Another raise may have gone higher meanwhile, and whoever saw that one first will not look below it.
      if (this.#known.get(shard) === base) return void this.#changed.get(shard)?.delete(conversationId);
    }
  }
}

// What every projection's store does: rows, heads and checkpoint written in that order, and read back.
import { NO_POSITION, type ConversationId, type Shard } from '@parley/domain';
import {
  StoreUnavailable,
  type Batch,
  type FullStore,
  type Head,
  type HeadReads,
  type ParkedConversation,
} from '@parley/projections';
import { writeAll, type PartitionStatement } from './batches.ts';
import { conversationIdIn, long, positionIn, text, type Row } from './cells.ts';
import { insert, parkedRows, type StoredGeneration, type Tables } from './projection-tables.ts';
import { createRefolds } from './refolds.ts';
import { dropTables, tableName } from './schema.ts';
import type { Copies } from './session.ts';

export function createProjectionStore<H extends Head, R>(
  stored: StoredGeneration,
  tables: Tables<H, R>,
): FullStore<H, R> {
  const { session, bases } = stored;
  const reads = headReads(stored, tables, 'quorum');
  return {
    ...reads,

    async checkpoint(shard) {
      await bases.know(shard);
      return reads.checkpoint(shard);
    },

    async write(shard, batch) {
      await writeAll(session, tables.rows(batch.rows));
      await writeAll(session, [...tables.heads(batch.heads), ...parkedRows(stored, shard, batch.parked)]);
      const [refolded] = await bases.changes(shard);
      // What it was folded on may be what was thrown away: this lost against the refold, and is folded again on heads read anew.
      if (refolded !== undefined) throw new StoreUnavailable(`${refolded} is refolded by another worker`);
      await writeAll(session, [checkpointRow(stored, shard, batch)]);
    },

    async drop() {
      await dropTables(session, stored, stored.migrations);
    },

    ...createRefolds(stored, tables),
    ...tables.contents,
  };
}

export function headReads<H extends Head, R>(
  stored: StoredGeneration,
  tables: Pick<Tables<H, R>, 'head'>,
  copies: Copies,
): HeadReads<H> {
  const { session } = stored;
  const [heads, parked, checkpoints] = ['heads', 'parked', 'checkpoints'].map((name) => tableName(stored, name));
  return {
    async checkpoint(shard) {
      const cql = `SELECT position FROM ${checkpoints} WHERE shard = ?`;
      const [row] = await session.read({ cql, cells: [shard] }, copies);
      return row === undefined ? NO_POSITION : positionIn(row, 'position');
    },

    async heads(conversationIds) {
      const cql = `SELECT * FROM ${heads} WHERE conversation_id = ?`;
      const wanted = [...new Set(conversationIds)];
      const found = await Promise.all(wanted.map((id) => session.read({ cql, cells: [id] }, copies)));
      return new Map(found.flat().map((row): [ConversationId, H] => [conversationIdIn(row), tables.head(row)]));
    },

    async parked(shard) {
      const cql = `SELECT conversation_id, position, reason FROM ${parked} WHERE shard = ?`;
      return earliest((await session.read({ cql, cells: [shard] }, copies)).map(parkedConversation));
    },
  };
}

/** Workers may park a conversation at different events: the first of them counts, and the rows come in that order. */
const earliest = (parked: readonly ParkedConversation[]): readonly ParkedConversation[] => [
  ...new Map(parked.toReversed().map((one) => [one.conversationId, one])).values(),
];

function checkpointRow(stored: StoredGeneration, shard: Shard, batch: Batch<Head, unknown>): PartitionStatement {
  const columns = { shard, position: long(batch.checkpoint) };
  return insert(stored, { table: 'checkpoints', columns, partitionColumns: 1, position: batch.checkpoint });
}

const parkedConversation = (row: Row): ParkedConversation => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  reason: text(row, 'reason'),
});

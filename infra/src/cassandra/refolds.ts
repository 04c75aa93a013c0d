// Refolds in place: who asks, what is thrown away, what stays parked meanwhile. Nothing here looks at a clock: each refold raises
// the base of its conversation's timestamps, so that of any two writes the one of the later refold stays.
import { NO_POSITION, type ConversationId, type Shard } from '@parley/domain';
import {
  BEING_REFOLDED,
  refoldsAskedMax,
  type Head,
  type RefoldableStore,
  type RefoldRequest,
} from '@parley/projections';
import { writeAll, type PartitionStatement } from './batches.ts';
import { conversationIdIn, integer } from './cells.ts';
import { BEFORE_REFOLD, insert, parkedRows, remove, type StoredGeneration, type Tables } from './projection-tables.ts';
import { tableName } from './schema.ts';

/** All requests are in this one. */
const part = 0;
/** After the end of the refold before, before the end of the one that is asked for: that has a base at least so much higher. */
const askedAt = 1;

export function createRefolds<H extends Head, R>(
  stored: StoredGeneration,
  tables: Pick<Tables<H, R>, 'deletions'>,
): RefoldableStore {
  const { session, bases } = stored;
  return {
    async askRefolds(requests) {
      for (const shard of new Set(requests.map((request) => request.shard))) await bases.look(shard);
      await writeAll(
        session,
        requests.map((request) => requestRow(stored, request)),
      );
    },

    async refoldsAsked() {
      const cql = `SELECT conversation_id, shard FROM ${tableName(stored, 'refolds_asked')} WHERE part = ? LIMIT ?`;
      const rows = await session.read({ cql, cells: [part, refoldsAskedMax] });
      return rows.map((row) => ({ conversationId: conversationIdIn(row), shard: integer(row, 'shard') as Shard }));
    },

    async clearForRefold(shard, conversationIds, above) {
      for (const id of conversationIds) await bases.raise(shard, id, above);
      const parked = conversationIds.map((conversationId) => ({
        conversationId,
        position: NO_POSITION,
        reason: BEING_REFOLDED,
      }));
      await writeAll(session, parkedRows(stored, shard, parked));
      for await (const deletions of tables.deletions(conversationIds)) await writeAll(session, deletions);
      await writeAll(
        session,
        conversationIds.map((id) => headDeletion(stored, id)),
      );
    },

    async finishRefold({ shard, conversationId }, { upTo, parked }) {
      await writeAll(session, parkedRows(stored, shard, parked ? [parked] : []));
      const where = { shard, conversation_id: conversationId };
      await writeAll(session, [
        remove(stored, { table: 'parked', where, partitionColumns: 1, conversationId, position: upTo }),
      ]);
      await writeAll(session, [requestDeletion(stored, conversationId)]);
    },
  };
}

function requestRow(stored: StoredGeneration, { shard, conversationId }: RefoldRequest): PartitionStatement {
  const columns = { part, conversation_id: conversationId, shard };
  return insert(stored, { table: 'refolds_asked', columns, partitionColumns: 1, conversationId, position: askedAt });
}

function requestDeletion(stored: StoredGeneration, conversationId: ConversationId): PartitionStatement {
  const where = { part, conversation_id: conversationId };
  return remove(stored, { table: 'refolds_asked', where, partitionColumns: 1, conversationId, position: NO_POSITION });
}

function headDeletion(stored: StoredGeneration, conversationId: ConversationId): PartitionStatement {
  const where = { conversation_id: conversationId };
  return remove(stored, { table: 'heads', where, partitionColumns: 1, conversationId, position: BEFORE_REFOLD });
}

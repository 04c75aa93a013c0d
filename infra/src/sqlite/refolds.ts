// Refolds in place: what is asked for is a row, and each step of it one transaction.
import { NO_POSITION, type Shard } from '@parley/domain';
import { BEING_REFOLDED, refoldsAskedMax, type ParkedConversation, type RefoldableStore } from '@parley/projections';
import { conversationIdIn, integer } from './cells.ts';
import type { File } from './file.ts';
import type { Parameters } from './requests.ts';

// The earliest one wins: from there on nothing is applied.
export const PARK = `
INSERT INTO parked (shard, conversation_id, position, reason) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET position = excluded.position, reason = excluded.reason WHERE excluded.position < position`;

export const parkedCells = (shard: Shard, { conversationId, position, reason }: ParkedConversation): Parameters => [
  shard,
  conversationId,
  position,
  reason,
];

const ASK_REFOLD = 'INSERT INTO refolds_asked (conversation_id, shard) VALUES (?, ?) ON CONFLICT DO NOTHING';

/** `tables` are those in which `conversation_id` says whose a row is. */
export function createRefolds(file: File, tables: readonly string[]): RefoldableStore {
  return {
    async askRefolds(requests) {
      await file.change([
        { sql: ASK_REFOLD, rows: requests.map(({ conversationId, shard }) => [conversationId, shard]) },
      ]);
    },

    async refoldsAsked() {
      const sql = 'SELECT conversation_id, shard FROM refolds_asked LIMIT ?';
      const rows = await file.ask({ type: 'read', path: file.path, sql, parameters: [refoldsAskedMax] });
      return rows.map((row) => ({ conversationId: conversationIdIn(row), shard: integer(row, 'shard') as Shard }));
    },

    async clearForRefold(shard, conversationIds) {
      await file.change([
        ...tables.map((table) => ({ sql: deleteSql(table), rows: conversationIds.map((id) => [id]) })),
        { sql: PARK, rows: conversationIds.map((id) => [shard, id, NO_POSITION, BEING_REFOLDED]) },
      ]);
    },

    async finishRefold({ shard, conversationId }, { parked }) {
      await file.change([
        { sql: deleteSql('parked'), rows: [[conversationId]] },
        ...(parked ? [{ sql: PARK, rows: [parkedCells(shard, parked)] }] : []),
        { sql: deleteSql('refolds_asked'), rows: [[conversationId]] },
      ]);
    },
  };
}

const deleteSql = (table: string): string => `DELETE FROM ${table} WHERE conversation_id = ?`;

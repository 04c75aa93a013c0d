// What every projection has in its file: heads, parked conversations, checkpoints; and the one transaction that writes
// them. A projection adds its own tables and says how its rows become columns.
import { NO_POSITION, type ConversationId, type Shard } from '@parley/domain';
import type { Batch, FullStore, Head, ParkedConversation } from '@parley/projections';
import { conversationIdIn, positionIn, text } from './cells.ts';
import { createContents, type ContentsSql } from './contents.ts';
import type { File } from './file.ts';
import { createRefolds, PARK, parkedCells } from './refolds.ts';
import type { Parameters, Row, WriteStep } from './requests.ts';

/** Ids looked for by one statement. A state of 1,024 members takes 0.7 ms to parse: between turns the event loop goes on. */
const headsPerReadMax = 100;

export interface Tables<H extends Head, R> {
  /** Rows, then heads. Each statement leaves a row alone that is already as new. */
  steps(rows: readonly R[], heads: readonly H[]): readonly WriteStep[];
  /** As in DatabaseFile. */
  readonly indexes: readonly string[];
  /** Its one parameter is a JSON array of conversation ids. */
  readonly headsSql: string;
  head(row: Row): H;
  /** Those in which `conversation_id` says whose a row is. */
  readonly ofConversations: readonly string[];
  readonly contents: ContentsSql<R>;
}

export const SHARED_SCHEMA = `
CREATE TABLE checkpoints (
  shard INTEGER PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE parked (
  shard INTEGER NOT NULL,
  conversation_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (shard, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE refolds_asked (
  conversation_id TEXT PRIMARY KEY,
  shard INTEGER NOT NULL
) STRICT, WITHOUT ROWID;`;

const RAISE_CHECKPOINT = `
INSERT INTO checkpoints (shard, position) VALUES (?, ?)
ON CONFLICT DO UPDATE SET position = max(position, excluded.position)`;

export function createProjectionStore<H extends Head, R>(file: File, tables: Tables<H, R>): FullStore<H, R> {
  const { path } = file;
  const read = (sql: string, ...parameters: Parameters) => file.ask({ type: 'read', path, sql, parameters });
  return {
    async checkpoint(shard) {
      const [row] = await read('SELECT position FROM checkpoints WHERE shard = ?', shard);
      return row === undefined ? NO_POSITION : positionIn(row, 'position');
    },

    async heads(conversationIds) {
      const heads = new Map<ConversationId, H>();
      for (let at = 0; at < conversationIds.length; at += headsPerReadMax) {
        const wanted = JSON.stringify(conversationIds.slice(at, at + headsPerReadMax));
        for (const row of await read(tables.headsSql, wanted)) heads.set(conversationIdIn(row), tables.head(row));
      }
      return heads;
    },

    async parked(shard) {
      const rows = await read('SELECT conversation_id, position, reason FROM parked WHERE shard = ?', shard);
      return rows.map(parkedConversation);
    },

    async write(shard, batch) {
      const steps = [...tables.steps(batch.rows, batch.heads), ...sharedSteps(shard, batch)];
      await file.write(steps);
    },

    async complete() {
      await file.write(tables.indexes.map((sql) => ({ sql, rows: [[]] })));
    },

    async drop() {
      await file.ask({ type: 'drop', path });
    },

    ...createRefolds(file, tables.ofConversations),
    ...createContents(file, tables),
  };
}

const sharedSteps = (shard: Shard, { parked, checkpoint }: Batch<Head, unknown>): readonly WriteStep[] => [
  { sql: PARK, rows: parked.map((one) => parkedCells(shard, one)) },
  { sql: RAISE_CHECKPOINT, rows: [[shard, checkpoint]] },
];

const parkedConversation = (row: Row): ParkedConversation => ({
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  reason: text(row, 'reason'),
});

// All that is stored, for whoever compares it with the log.
import type { ConversationId } from '@parley/domain';
import type { Flaw, ProjectionContents, StoredRows } from '@parley/projections';
import { abreast } from '../stored-form/abreast.ts';
import { readable, Unreadable } from '../stored-form/readable.ts';
import { conversationIdIn } from './cells.ts';
import type { File } from './file.ts';
import type { Parameters, Row } from './requests.ts';

export interface ContentsSql<R> {
  /** Of the first conversation at least, those behind the cell. Parameters: conversation id, cell, limit. */
  readonly sql: string;
  /** Before the first row. */
  readonly begin: Cell;
  cell(row: Row): Cell;
  row(row: Row): R;
  /** What a row's other columns say wrongly of it. */
  flaw?(row: Row, meaning: R): string | undefined;
}

type Cell = Parameters[number];

/** Conversations whose rows are asked for at once: while one answer is looked at, the next is made. */
const conversationsAtOnce = 32;
const rowsPerReadMax = 500;
const idsPerReadMax = 2_000;

export interface ContentsOptions<R> {
  /** Tables in which `conversation_id` says whose a row is. */
  readonly ofConversations: readonly string[];
  readonly contents: ContentsSql<R>;
}

export function createContents<R>(
  file: File,
  { ofConversations, contents }: ContentsOptions<R>,
): ProjectionContents<R> {
  function step(found: readonly Row[]): StoredRows<R> {
    const rows: R[] = [];
    const flaws: Flaw[] = [];
    for (const row of found) {
      const meaning = readable(() => contents.row(row));
      if (!(meaning instanceof Unreadable)) rows.push(meaning);
      const problem = meaning instanceof Unreadable ? meaning.problem : contents.flaw?.(row, meaning);
      if (problem !== undefined) flaws.push({ conversationId: conversationIdIn(row), problem });
    }
    return { rows, flaws };
  }

  async function* rowsOf(conversationId: ConversationId): AsyncGenerator<StoredRows<R>> {
    for (let behind = contents.begin; ;) {
      const parameters = [conversationId, behind, rowsPerReadMax];
      const found = await file.ask({ type: 'read', path: file.path, sql: contents.sql, parameters });
      yield step(found);
      const last = found.at(-1);
      if (last === undefined || found.length < rowsPerReadMax) return;
      behind = contents.cell(last);
    }
  }

  return {
    async *conversationIds() {
      for (const table of ofConversations) {
        for (let behind = ''; ;) {
          const parameters = [behind, idsPerReadMax];
          const found = await file.ask({ type: 'read', path: file.path, sql: idsSql(table), parameters });
          const ids = found.map(conversationIdIn);
          if (ids.length > 0) yield ids;
          if (ids.length < idsPerReadMax) break;
          behind = ids.at(-1) ?? '';
        }
      }
    },

    rows: (_shard, conversationIds) => abreast(conversationIds, conversationsAtOnce, rowsOf),
  };
}

const idsSql = (table: string): string =>
  `SELECT DISTINCT conversation_id FROM ${table} WHERE conversation_id > ? ORDER BY conversation_id LIMIT ?`;

// All that is stored of conversations. Memberships lie with their users: whose they are is found by going through all of them,
// once for all the conversations that are asked for.
import type { ConversationId, UserId } from '@parley/domain';
import type { Flaw, MembershipRow, ProjectionContents, StoredRows } from '@parley/projections';
import { abreast } from '../stored-form/abreast.ts';
import { readable, Unreadable } from '../stored-form/readable.ts';
import type { PartitionStatement } from './batches.ts';
import { conversationIdIn, flag, positionIn, text, type Row } from './cells.ts';
import { conversationsAtOnce, idsIn, lateCells, withWriteTimes } from './contents.ts';
import { BEFORE_REFOLD, remove, type StoredGeneration } from './projection-tables.ts';
import { tableName } from './schema.ts';

const MEMBERSHIP_CELLS = ['position', 'is_present'] as const;
const HEAD_CELLS = ['position', 'prev', 'ordinal', 'meta', 'last_activity_ts', 'last_message'] as const;
const rowsPerStepMax = 500;

export function conversationContents(stored: StoredGeneration): ProjectionContents<MembershipRow> {
  return {
    conversationIds: () => idsIn(stored, { heads: 'conversation_id', memberships: 'conversation_id' }),
    async *rows(shard, conversationIds) {
      await stored.bases.look(shard);
      const found = await membershipsOf(stored, conversationIds);
      for (const rows of found.values()) yield* stepsOf(stored, rows);
      yield* abreast(conversationIds, conversationsAtOnce, (id) => headFlaws(stored, id));
    },
  };
}

/** In the order of users. */
async function membershipsOf(
  stored: StoredGeneration,
  conversationIds: readonly ConversationId[],
): Promise<ReadonlyMap<ConversationId, readonly Row[]>> {
  const found = new Map(conversationIds.map((id): [ConversationId, Row[]] => [id, []]));
  const select = withWriteTimes(['user_id', 'conversation_id'], MEMBERSHIP_CELLS);
  const cql = `SELECT ${select} FROM ${tableName(stored, 'memberships')}`;
  for await (const rows of stored.session.pages({ cql, cells: [] })) {
    for (const row of rows) found.get(conversationIdIn(row))?.push(row);
  }
  for (const rows of found.values()) rows.sort((a, b) => (text(a, 'user_id') < text(b, 'user_id') ? -1 : 1));
  return found;
}

function* stepsOf(stored: StoredGeneration, rows: readonly Row[]): Generator<StoredRows<MembershipRow>> {
  for (let from = 0; from < rows.length; from += rowsPerStepMax) {
    const looked = rows.slice(from, from + rowsPerStepMax).map((row) => lookAt(stored, row));
    yield { rows: looked.flatMap(({ row }) => row ?? []), flaws: looked.flatMap(({ flaws }) => flaws) };
  }
}

function lookAt(stored: StoredGeneration, row: Row): { readonly row?: MembershipRow; readonly flaws: readonly Flaw[] } {
  const meaning = readable(() => membership(row));
  if (meaning instanceof Unreadable) {
    return { flaws: [{ conversationId: conversationIdIn(row), problem: meaning.problem }] };
  }
  const { conversationId, position } = meaning;
  const late = { table: 'memberships', columns: MEMBERSHIP_CELLS, conversationId, position };
  return { row: meaning, flaws: lateCells(stored, row, late) };
}

async function* headFlaws(
  stored: StoredGeneration,
  conversationId: ConversationId,
): AsyncGenerator<StoredRows<MembershipRow>> {
  const select = withWriteTimes(['conversation_id'], [...HEAD_CELLS, 'state']);
  const cql = `SELECT ${select} FROM ${tableName(stored, 'heads')} WHERE conversation_id = ?`;
  const [row] = await stored.session.read({ cql, cells: [conversationId] });
  if (row === undefined) return;
  const late = (columns: readonly string[], position: number) =>
    lateCells(stored, row, { table: 'heads', columns, conversationId, position });
  const flaws = [...late(HEAD_CELLS, Number(row.get('position'))), ...late(['state'], Number(row.get('meta')))];
  if (flaws.length > 0) yield { rows: [], flaws };
}

export async function* membershipDeletions(
  stored: StoredGeneration,
  conversationIds: readonly ConversationId[],
): AsyncGenerator<readonly PartitionStatement[]> {
  for (const [conversationId, rows] of await membershipsOf(stored, conversationIds)) {
    yield rows.map((row) => {
      const where = { user_id: text(row, 'user_id'), conversation_id: conversationId };
      return remove(stored, {
        table: 'memberships',
        where,
        partitionColumns: 1,
        conversationId,
        position: BEFORE_REFOLD,
      });
    });
  }
}

export const membership = (row: Row): MembershipRow => ({
  userId: text(row, 'user_id') as UserId,
  conversationId: conversationIdIn(row),
  position: positionIn(row, 'position'),
  isPresent: flag(row, 'is_present'),
});

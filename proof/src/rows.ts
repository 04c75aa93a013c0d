// What the stores hold, read by statements of our own.
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { Client, types, type ClientOptions } from 'cassandra-driver';
import { recordToSaid } from './history/from-log.ts';
import type { Said } from './history/history.ts';

/** (conversation, position) of every stored timeline row. */
export function readRows(file: string): ReadonlyMap<string, readonly number[]> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare(`SELECT conversation_id AS id, position FROM events ORDER BY id, position`).all();
    const byConversation = Map.groupBy(rows, (row) => String(row['id']));
    return new Map([...byConversation].map(([id, theirs]) => [id, theirs.map((row) => Number(row['position']))]));
  } finally {
    database.close();
  }
}

/** A timeline row with what it says. */
export interface StoredRow {
  readonly conversation: string;
  readonly position: number;
  readonly prev: number;
  readonly ordinal: number;
  readonly said: Said;
}

export function readStoredRows(file: string): readonly StoredRow[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = `SELECT conversation_id, position, prev, ordinal, actor_id, event FROM events ORDER BY 1, 2`;
    return database.prepare(statement).all().map(toStoredRow);
  } finally {
    database.close();
  }
}

function toStoredRow(row: Record<string, SQLOutputValue>): StoredRow {
  const { type, ...data } = JSON.parse(String(row['event'])) as { type: string };
  return {
    conversation: String(row['conversation_id']),
    position: Number(row['position']),
    prev: Number(row['prev']),
    ordinal: Number(row['ordinal']),
    said: recordToSaid({ event: `${type}.v1`, actor: String(row['actor_id']), data }),
  };
}

/** As `readRows`, of every row that a quorum knows. */
export async function readCassandraRows(place: ClientOptions): Promise<ReadonlyMap<string, readonly number[]>> {
  const client = new Client(place);
  const positions = new Map<string, number[]>();
  try {
    const statement = 'SELECT conversation_id AS id, position FROM timeline_events_g1';
    const found = await client.execute(statement, [], { consistency: types.consistencies.quorum, fetchSize: 1_000 });
    for await (const row of found) {
      const id = String(row['id']);
      const theirs = positions.get(id) ?? [];
      positions.set(id, theirs);
      theirs.push(Number(row['position']));
    }
  } finally {
    await client.shutdown();
  }
  return new Map([...positions].map(([id, theirs]) => [id, theirs.toSorted((a, b) => a - b)]));
}

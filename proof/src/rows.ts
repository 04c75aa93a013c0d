// What the stores hold, read by statements of our own.
import { DatabaseSync } from 'node:sqlite';
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

const storedColumns = 'conversation_id, position, prev, ordinal, actor_id, event';

export function readStoredRows(file: string): readonly StoredRow[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = `SELECT ${storedColumns} FROM events ORDER BY 1, 2`;
    return database.prepare(statement).all().map(toStoredRow);
  } finally {
    database.close();
  }
}

function toStoredRow(row: Readonly<Record<string, unknown>>): StoredRow {
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
export async function readCassandraRows(
  place: ClientOptions,
  generation = 1,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await cassandraRows(place, generation, 'conversation_id, position');
  const byConversation = Map.groupBy(rows, (row) => String(row['conversation_id']));
  return new Map([...byConversation].map(([id, theirs]) => [id, theirs.map((row) => Number(row['position']))]));
}

/** As `readStoredRows`, of every row that a quorum knows. */
export async function readStoredCassandraRows(place: ClientOptions, generation = 1): Promise<readonly StoredRow[]> {
  return (await cassandraRows(place, generation, storedColumns)).map(toStoredRow);
}

type CassandraRow = Readonly<Record<string, unknown>>;

async function cassandraRows(
  place: ClientOptions,
  generation: number,
  columns: string,
): Promise<readonly CassandraRow[]> {
  const client = new Client(place);
  const rows: CassandraRow[] = [];
  try {
    const statement = `SELECT ${columns} FROM timeline_events_e1_g${generation}`;
    const found = await client.execute(statement, [], { consistency: types.consistencies.quorum, fetchSize: 1_000 });
    for await (const row of found) rows.push(row);
  } finally {
    await client.shutdown();
  }
  return rows.toSorted((a, b) => Number(a['position']) - Number(b['position']));
}

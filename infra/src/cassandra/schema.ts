// Keyspace and tables. A generation of a projection has tables of its own, `timeline_events_e1_g1`, and one that tells which
// migrations were applied to them; all of them go when the generation is dropped.
import { createHash } from 'node:crypto';
import { integer, text } from './cells.ts';
import type { Session } from './session.ts';

/** `name` is without projection and generation; `definition` is what stands in the parentheses, and after them. */
interface Table {
  readonly name: string;
  readonly columns: string;
  readonly options?: string;
}

/** Applied once to each generation, in order. One that was released is never changed: what is new is a new one. */
export interface Migration {
  readonly version: number;
  readonly tables: readonly Table[];
}

export interface Generation {
  readonly keyspace: string;
  readonly projection: string;
  /** Of the log: what was folded from another one is not ours. */
  readonly logEpoch: number;
  readonly number: number;
}

/** What every projection has besides its own tables. */
export const SHARED_TABLES: readonly Table[] = [
  { name: 'checkpoints', columns: 'shard int PRIMARY KEY, position bigint' },
  {
    name: 'parked',
    columns:
      'shard int, conversation_id text, position bigint, reason text, PRIMARY KEY (shard, conversation_id, position)',
  },
];

/** Conversations that were repaired in place, and since then what their timestamps start from. */
export const RAISED: Migration = {
  version: 2,
  tables: [
    {
      name: 'raised',
      columns: 'shard int, base bigint, conversation_id text, PRIMARY KEY (shard, base, conversation_id)',
    },
  ],
};

/** Refolds that are asked for: one partition, so that one look finds all. */
export const REFOLDS: Migration = {
  version: 3,
  tables: [
    {
      name: 'refolds_asked',
      columns: 'part int, conversation_id text, shard int, PRIMARY KEY (part, conversation_id)',
    },
  ],
};

/** A key and what it is at: the base of all timestamps, and each migration that was applied. */
const SETTINGS: Table = { name: 'settings', columns: 'key text PRIMARY KEY, value bigint' };

export const tableName = (generation: Generation, name: string): string =>
  `${generation.keyspace}.${generation.projection}_${name}_e${generation.logEpoch}_g${generation.number}`;

export async function createKeyspace(
  session: Session,
  keyspace: string,
  replication: Readonly<Record<string, number>>,
): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) throw new RangeError(`${keyspace} is no name for a keyspace`);
  const factors = Object.entries(replication).map(([dataCenter, factor]) => `${quoted(dataCenter)}: ${factor}`);
  const strategy = `'class': 'NetworkTopologyStrategy', ${factors.join(', ')}`;
  await session.change(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${strategy}}`);
  await session.learn(keyspace);
}

/** Brings a generation's tables to the newest version. Two processes may do it at once; either may die half-way. */
export async function migrate(
  session: Session,
  generation: Generation,
  migrations: readonly Migration[],
): Promise<{ readonly base: number }> {
  const settings = tableName(generation, SETTINGS.name);
  await createTable(session, generation, SETTINGS);
  const found = await session.read({ cql: `SELECT key, value FROM ${settings}`, cells: [] });
  const applied = new Map(found.map((row) => [text(row, 'key'), integer(row, 'value')]));
  for (const { version, tables } of migrations) {
    if (applied.has(`migration ${version}`)) continue;
    for (const table of tables) await createTable(session, generation, table);
    const cql = `INSERT INTO ${settings} (key, value) VALUES ('migration ${version}', ${version}) USING TIMESTAMP ${version}`;
    await session.write([{ cql, cells: [] }]);
  }
  return { base: applied.get('base') ?? 0 };
}

/**
 * What says that work was done goes before the work: half of a drop, opened again, is folded anew over the rows left.
 * A generation that was dropped is not opened by those who still wrote to it.
 */
export async function dropTables(
  session: Session,
  generation: Generation,
  migrations: readonly Migration[],
): Promise<void> {
  const tables = migrations.flatMap((migration) => migration.tables).map(({ name }) => name);
  const first = [SETTINGS.name, 'checkpoints', 'heads'];
  for (const name of [...first, ...tables.filter((table) => !first.includes(table))]) {
    await session.change(`DROP TABLE IF EXISTS ${tableName(generation, name)}`);
  }
}

async function createTable(session: Session, generation: Generation, table: Table): Promise<void> {
  const name = tableName(generation, table.name);
  const options = [`ID = ${idOf(name)}`, ...(table.options === undefined ? [] : [table.options])];
  await session.change(`CREATE TABLE IF NOT EXISTS ${name} (${table.columns}) WITH ${options.join(' AND ')}`);
}

/**
 * The same for whoever creates it. Cassandra 5 looks for the table on the node that was asked and gives it a random id: two
 * nodes asked at once would each make their own, and rows written to the one that loses would be lost.
 */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

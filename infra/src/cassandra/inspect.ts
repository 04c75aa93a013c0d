// What an operator's commands see of Cassandra from outside: its nodes, how the keyspace is copied, which generations have tables.
// Nothing here changes anything, also where there is no keyspace yet.
import { text } from './cells.ts';
import type { ClusterOptions } from './client-options.ts';
import { Session } from './session.ts';

export interface CassandraReport {
  /** Of the nodes that are known, whether each is up, as far as the driver knows, and what it runs. */
  readonly nodes: readonly { readonly address: string; readonly isUp: boolean; readonly version: string }[];
  /** Of the keyspace, such as `{ class: …, datacenter1: '3' }`; undefined when there is none. */
  readonly replication: Readonly<Record<string, string>> | undefined;
  readonly generations: readonly CassandraGeneration[];
}

interface CassandraGeneration {
  readonly projection: string;
  readonly logEpoch: number;
  readonly number: number;
}

/** Rejects with StoreUnavailable when the cluster does not answer. */
export async function inspectCassandra(
  options: ClusterOptions & { readonly keyspace: string },
): Promise<CassandraReport> {
  await using session = await Session.open(options);
  const [keyspace] = await session.read({
    cql: 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?',
    cells: [options.keyspace],
  });
  const tables = await session.read({
    cql: 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?',
    cells: [options.keyspace],
  });
  return {
    nodes: session.nodes(),
    replication: keyspace && replicationOf(keyspace.get('replication')),
    generations: tables.flatMap((row) => generationOf(text(row, 'table_name'))),
  };
}

const replicationOf = (cell: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(cell ?? {}).map(([key, value]) => [key, String(value)]));

/** Each has one table of checkpoints, `timeline_checkpoints_e1_g1`. */
function generationOf(table: string): readonly CassandraGeneration[] {
  const [, projection, logEpoch, number] = /^([a-z_]+)_checkpoints_e(\d+)_g(\d+)$/.exec(table) ?? [];
  if (projection === undefined) return [];
  return [{ projection, logEpoch: Number(logEpoch), number: Number(number) }];
}

export { openCassandra, type CassandraOptions, type CassandraStores } from './cassandra.ts';
export type { Repairable } from './projection-tables.ts';

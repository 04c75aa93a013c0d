export { openCassandra, type CassandraOptions, type CassandraStores } from './cassandra.ts';
export { inspectCassandra, type CassandraReport } from './inspect.ts';

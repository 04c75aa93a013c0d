export { openCassandra, type CassandraOptions, type CassandraStores } from './cassandra.ts';

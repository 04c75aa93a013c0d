export { openSqlite, type SqliteOptions, type SqliteStores } from './sqlite.ts';
export type { SqliteReport } from './worker-client.ts';

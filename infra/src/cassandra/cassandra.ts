// Read models in Cassandra or ScyllaDB, each generation of a projection in tables of its own. Nothing here is the truth:
// a generation that is lost is folded again from the log.
import { conversations, timeline, type ReadModelStores } from '@parley/projections';
import { Bases } from './bases.ts';
import type { ClusterOptions } from './client-options.ts';
import { CONVERSATION_MIGRATIONS, createConversationStore } from './conversation-store.ts';
import { createFlatStore, flatMigrations } from './flat-store.ts';
import type { StoredGeneration } from './projection-tables.ts';
import { createKeyspace, migrate, tableName, type Migration } from './schema.ts';
import { Session } from './session.ts';
import { TIMELINE_MIGRATIONS } from './timeline-rows.ts';
import { createTimelineStore } from './timeline-store.ts';

export interface CassandraOptions extends ClusterOptions {
  /** Made when it is missing. */
  readonly keyspace: string;
  /** Copies of each row, by data centre; of a keyspace that is there already, its own stay. */
  readonly replication: Readonly<Record<string, number>>;
  /** Each has generations of its own. */
  readonly logEpoch: number;
}

/** Handles of one store in several processes, too. */
export type CassandraStores = ReadModelStores & AsyncDisposable;

/** Rejects with StoreUnavailable when the cluster does not answer. */
export async function openCassandra(options: CassandraOptions): Promise<CassandraStores> {
  const { keyspace, replication, logEpoch } = options;
  await using opening = new AsyncDisposableStack();
  const session = opening.use(await Session.open(options));
  await createKeyspace(session, keyspace, replication);
  opening.move();

  async function open(projection: string, number: number, migrations: readonly Migration[]): Promise<StoredGeneration> {
    const generation = { keyspace, projection, logEpoch, number };
    const { base } = await migrate(session, generation, migrations);
    const bases = new Bases({ session, name: tableName(generation, 'raised') }, base);
    return { ...generation, session, migrations, bases };
  }

  return {
    timeline: async (generation) => createTimelineStore(await open(timeline.name, generation, TIMELINE_MIGRATIONS)),
    conversations: async (generation) =>
      createConversationStore(await open(conversations.name, generation, CONVERSATION_MIGRATIONS)),
    flat: async (projection, generation) =>
      createFlatStore(await open(projection.name, generation, flatMigrations(projection.table)), projection),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

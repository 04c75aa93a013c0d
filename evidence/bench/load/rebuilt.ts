// The store that a bench rebuilds into: opened by each process that folds into it or compares it with the log.
import { openCassandra, type CassandraOptions } from '@parley/infra/cassandra';
import { createWorld } from '@parley/infra/runtime';
import { openSqlite } from '@parley/infra/sqlite';
import {
  conversations,
  timeline,
  type FullStore,
  type Head,
  type ReadModelStores,
  type VerifiableProjection,
} from '@parley/projections';

export interface Rebuilt {
  readonly projection: 'timeline' | 'conversations';
  readonly place:
    | { readonly type: 'sqlite'; readonly directory: string }
    | ({ readonly type: 'cassandra' } & Pick<CassandraOptions, 'contactPoints' | 'localDataCenter'>);
}

/** What is done with it, whatever its heads and rows are. */
type UseRebuilt<Result> = <H extends Head, Row>(
  projection: VerifiableProjection<H, Row>,
  store: FullStore<H, Row>,
) => Promise<Result>;

const logEpoch = 1;
export const generation = 2;

export async function withRebuilt<Result>({ projection, place }: Rebuilt, use: UseRebuilt<Result>): Promise<Result> {
  await using stores = await openStores(place);
  return projection === 'timeline'
    ? await use(timeline, await stores.timeline(generation))
    : await use(conversations, await stores.conversations(generation));
}

const openStores = (place: Rebuilt['place']): Promise<ReadModelStores & AsyncDisposable> =>
  place.type === 'sqlite'
    ? openSqlite({ directory: place.directory, logEpoch, world: createWorld(), isGuest: true, report: () => undefined })
    : openCassandra({ ...place, keyspace: 'bench', replication: { [place.localDataCenter]: 1 }, logEpoch });

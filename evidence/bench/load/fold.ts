// A new generation of the timeline folded from the first event, as `parley rebuild` does it, in a process that does nothing else.
import { constants, setPriority } from 'node:os';
import { openCassandra, type CassandraOptions } from '@parley/infra/cassandra';
import { connectNats, NatsEventLog } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';
import { openSqlite } from '@parley/infra/sqlite';
import { foldToHead, timeline, type TimelineStore } from '@parley/projections';

export interface Fold {
  readonly servers: string;
  readonly shards: number;
  readonly store:
    | { readonly type: 'sqlite'; readonly directory: string }
    | ({ readonly type: 'cassandra' } & Pick<CassandraOptions, 'contactPoints' | 'localDataCenter'>);
}

export interface FoldResult {
  readonly events: number;
  readonly seconds: number;
  /** Of the whole process, at even times from the beginning to the end. */
  readonly rssMiB: readonly number[];
}

const memoryEveryMs = 500;
const logEpoch = 1;
const generation = 2;

export async function fold({ servers, shards, store: place }: Fold): Promise<FoldResult> {
  setPriority(constants.priority.PRIORITY_LOW); // as `parley rebuild` gives way
  const world = createWorld();
  await using connection = await connectNats({ servers, name: 'parley-bench' });
  await using log = new NatsEventLog({ connection, world, shards });
  await using opened = await openStore(place);
  const rssMiB: number[] = [];
  const remember = (): void => void rssMiB.push(process.memoryUsage.rss() / 2 ** 20);
  const timer = setInterval(remember, memoryEveryMs);
  const startedMs = performance.now();
  const { folded } = await foldToHead({
    log,
    world,
    projection: timeline,
    store: opened.store,
    generation,
    signal: new AbortController().signal,
    observer: failing,
    onProgress: () => undefined,
  });
  clearInterval(timer);
  remember();
  return { events: folded, seconds: (performance.now() - startedMs) / 1_000, rssMiB };
}

async function openStore(place: Fold['store']): Promise<AsyncDisposable & { readonly store: TimelineStore }> {
  const stores = await (place.type === 'sqlite'
    ? openSqlite({ directory: place.directory, logEpoch, world: createWorld(), isGuest: true, report: () => undefined })
    : openCassandra({ ...place, keyspace: 'bench', replication: { [place.localDataCenter]: 1 }, logEpoch }));
  const store = await stores.timeline(generation);
  return { store, [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose]() };
}

/** A measurement in which anything went wrong is none. */
const fail = (what: string) => (): never => {
  throw new Error(`the fold ${what}`);
};
const failing = {
  applied: () => undefined,
  retrying: (_reader: string, _shard: number, error: unknown): void =>
    void process.stderr.write(`fold: again after ${String(error)}\n`),
  stopped: fail('stopped'),
  parked: fail('parked a conversation'),
  passedOver: fail('passed over an event'),
  voided: fail('met a void event'),
};

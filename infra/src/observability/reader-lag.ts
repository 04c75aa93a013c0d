// How far each reader is behind the log, shard by shard, in events and in seconds. What cannot be asked now is as it was when it
// last could: a reader whose store is away has not gone on, and the alarm on its lag must not fall silent with the store.
import { allShards, type EventLog, type Position, type Shard, type TimestampMs, type World } from '@parley/domain';
import type { LiveGenerations } from '@parley/projections';
import type { Metrics, Sample } from './metrics.ts';

/** A reader of the log and how far it has come: its stored checkpoint, so that one that never began lags, too. */
export interface WatchedReader {
  readonly name: string;
  checkpoint(shard: Shard): Promise<Position>;
}

/** The readers of a projection's generations, as they are when it is asked. */
export const watchedGenerations = (
  projection: string,
  live: Pick<LiveGenerations<Pick<WatchedReader, 'checkpoint'>>, 'following'>,
): readonly WatchedReader[] =>
  live
    .following()
    .map(({ number, store }) => ({ name: `${projection}-g${number}`, checkpoint: (shard) => store.checkpoint(shard) }));

export type WatchedLog = Pick<EventLog, 'shards' | 'head' | 'readOne'>;

export interface ReaderLag {
  readonly metrics: Metrics;
  readonly log: WatchedLog;
  /** Those there are whenever the metrics are read. */
  readonly readers: () => readonly WatchedReader[];
  readonly world: Pick<World, 'now' | 'schedule'>;
}

/** What has no answer by then is as it was: a scrape must not wait for a store that is away. */
const lagAskMsMax = 1_000;

interface Lag {
  readonly events: number;
  readonly ageMs: number;
  readonly labels: { readonly reader: string; readonly shard: Shard };
}

export function watchReaderLag({ metrics, log, readers, world }: ReaderLag): void {
  const remember = createMemory(world);
  let looking: Promise<readonly Lag[]> | undefined;

  /** Both metrics of one scrape share one look. */
  const look = (): Promise<readonly Lag[]> => (looking ??= lookAt(readers()).finally(() => (looking = undefined)));

  async function lookAt(now: readonly WatchedReader[]): Promise<readonly Lag[]> {
    return (await Promise.all(allShards(log.shards).map((shard) => lagsIn(shard, now)))).flat();
  }

  async function lagsIn(shard: Shard, now: readonly WatchedReader[]): Promise<readonly Lag[]> {
    // Checkpoints first: asked the other way round, a reader could be ahead of the head.
    const asked = now.map((reader) => remember(`${reader.name} ${shard}`, () => reader.checkpoint(shard)));
    const checkpoints = await Promise.all(asked);
    const head = await remember(`head ${shard}`, () => log.head(shard));
    const lags = now.map(async ({ name }, index) => {
      const after = checkpoints[index];
      if (after === undefined || head === undefined) return [];
      const events = Math.max(0, head - after);
      const ageMs = events === 0 ? 0 : await ageOf(name, shard, (after + 1) as Position);
      return [{ events, ageMs, labels: { reader: name, shard } }];
    });
    return (await Promise.all(lags)).flat();
  }

  async function ageOf(reader: string, shard: Shard, at: Position): Promise<number> {
    const oldest = await remember(`${reader} ${shard} oldest`, async (known?: Oldest) =>
      known?.at === at ? known : { at, storedTs: await storedTsOf(shard, at) },
    );
    return oldest?.at === at ? Math.max(0, world.now() - oldest.storedTs) : 0;
  }

  /** Of an event that cannot be read, which stops its readers, when it was first seen. */
  const storedTsOf = async (shard: Shard, at: Position): Promise<TimestampMs> => {
    const stored = await log.readOne(shard, at).catch(() => undefined);
    return stored?.storedTs ?? world.now();
  };

  metrics.watch('readerLag', async () =>
    (await look()).map(({ events, labels }): Sample<'readerLag'> => ({ value: events, labels })),
  );
  metrics.watch('readerLagSeconds', async () =>
    (await look()).map(({ ageMs, labels }): Sample<'readerLagSeconds'> => ({ value: ageMs / 1_000, labels })),
  );
}

/** The first event beyond a checkpoint. */
interface Oldest {
  readonly at: Position;
  readonly storedTs: TimestampMs;
}

type Remember = <Value>(key: string, ask: (known?: Value) => Promise<Value>) => Promise<Value | undefined>;

/** Gives the answer, or the last one that came under this key; an answer that comes late is for the next time. */
function createMemory(world: Pick<World, 'schedule'>): Remember {
  const answers = new Map<string, unknown>();
  return async <Value>(key: string, ask: (known?: Value) => Promise<Value>): Promise<Value | undefined> => {
    const known = answers.get(key) as Value | undefined;
    const { promise: tooLate, resolve } = Promise.withResolvers<void>();
    using _timer = world.schedule(lagAskMsMax, resolve);
    // Why it failed, and how often, its reader reports.
    const answered = ask(known).then(
      (answer) => void answers.set(key, answer),
      () => undefined,
    );
    await Promise.race([answered, tooLate]);
    return answers.get(key) as Value | undefined;
  };
}

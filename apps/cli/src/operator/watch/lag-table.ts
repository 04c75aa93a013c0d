// What two looks at the readers say: how far each is, how fast it goes. Sums first; shard by shard for whoever asks.
import type { Output } from '../output.ts';
import type { ReaderLook, ShardLook } from './readers.ts';

export interface Looked {
  readonly readers: readonly ReaderLook[];
  readonly atMs: number;
}

export interface ReaderRates {
  readonly name: string;
  readonly state: string;
  readonly failure: string | undefined;
  readonly behind: number;
  readonly behindMs: number;
  /** Events a second that it applies; those that arrive. */
  readonly appliedPerSecond: number;
  readonly storedPerSecond: number;
  readonly parked: number;
  readonly workers: readonly string[];
  readonly shards: readonly (ShardLook & { readonly appliedPerSecond: number })[];
}

/** A reader is as late as its latest shard. */
export function rates(before: Looked, after: Looked): readonly ReaderRates[] {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1_000);
  return after.readers.map((reader) => {
    const earlier = before.readers.find(({ name }) => name === reader.name);
    const since = (shard: ShardLook, key: 'checkpoint' | 'head'): number => {
      const then = earlier?.shards.find((one) => one.shard === shard.shard)?.[key] ?? shard[key];
      return (shard[key] - then) / seconds;
    };
    const sum = (of: (shard: ShardLook) => number): number => reader.shards.reduce((all, shard) => all + of(shard), 0);
    return {
      name: reader.name,
      state: reader.state,
      failure: reader.failure,
      behind: sum(({ behind }) => behind),
      behindMs: Math.max(0, ...reader.shards.map(({ behindMs }) => behindMs)),
      appliedPerSecond: sum((shard) => since(shard, 'checkpoint')),
      storedPerSecond: sum((shard) => since(shard, 'head')),
      parked: sum(({ parked }) => parked),
      workers: [...new Set(reader.shards.flatMap(({ worker }) => worker ?? []))],
      shards: reader.shards.map((shard) => ({ ...shard, appliedPerSecond: since(shard, 'checkpoint') })),
    };
  });
}

export interface TableOptions {
  readonly withShards: boolean;
  /** Where there are no leases, one process works on everything. */
  readonly hasLeases: boolean;
}

export function showReaders(output: Output, readers: readonly ReaderRates[], options: TableOptions): void {
  const head = ['reader', 'state', 'behind', 'for', 'applies/s', 'stored/s', 'parked', 'workers'];
  output.table(
    head,
    readers.map((reader) => [
      reader.name,
      reader.state,
      ...(reader.failure === undefined ? figures(reader, options) : [reader.failure, '', '', '', '', '']),
    ]),
  );
  if (options.withShards) readers.forEach((reader) => showShards(output, reader, options));
}

const figures = (reader: ReaderRates, { hasLeases }: TableOptions): readonly (string | number)[] => [
  reader.behind,
  duration(reader.behindMs),
  rounded(reader.appliedPerSecond),
  rounded(reader.storedPerSecond),
  reader.parked,
  hasLeases ? workersOf(reader) : '-',
];

/** Of a reader with workers, the shards that nobody holds are the news. */
function workersOf({ workers, shards, state }: ReaderRates): string {
  const free = shards.filter(({ worker }) => worker === undefined).map(({ shard }) => shard);
  if (free.length === 0 || state === 'building') return `${workers.length}`;
  const which = free.length === shards.length ? 'no shard is' : `shards ${free.join(' ')} are not`;
  return `${workers.length}; ${which} held`;
}

function showShards(output: Output, { name, shards }: ReaderRates, { hasLeases }: TableOptions): void {
  if (shards.length === 0) return;
  output.line(`\n${name}`);
  output.table(
    ['shard', 'head', 'checkpoint', 'behind', 'for', 'applies/s', 'parked', ...(hasLeases ? ['worker'] : [])],
    shards.map((one) => [
      one.shard,
      one.head,
      one.checkpoint,
      one.behind,
      duration(one.behindMs),
      rounded(one.appliedPerSecond),
      one.parked,
      ...(hasLeases ? [one.worker ?? '-'] : []),
    ]),
  );
}

const duration = (ms: number): string =>
  ms === 0 ? '-' : ms < 100_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;

const rounded = (perSecond: number): string => (perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 10 ? 1 : 0));

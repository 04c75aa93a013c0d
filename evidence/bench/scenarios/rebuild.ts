// Rebuilding: a new generation of the timeline folded from a log of real chat, into each kind of store, beside what reading that log
// costs alone; and what clients of the serving system feel of it.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fillDataDirectory } from '../../import/filling-server.ts';
import type { Imported } from '../../import/import-log.ts';
import { readScripts } from '../../import/read-scripts.ts';
import { operatorId } from '../../irc/nicks.ts';
import { Bench, begin, generate } from '../bench.ts';
import { startCassandra } from '../limits/cassandra-node.ts';
import type { Fold } from '../load/fold.ts';
import type { Done } from '../load/generator.ts';
import { quantilesOf } from '../load/stopwatch.ts';
import { readerLag } from '../metrics.ts';
import { foundPairs, openStandalone, standaloneShards, type Conversation } from '../systems.ts';

const scenario = 'rebuild';
const pageEntries = 50;
/** While it serves: what a busy team of some hundred people says. */
const serving = { pairs: 16, perSecond: 50 } as const;

export async function rebuild(outer: Bench): Promise<void> {
  if (outer.system.form !== 'standalone') return;
  const { report, rebuild: asked } = outer.settings;
  const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-rebuild-'));
  const scripts = await readScripts(asked.data);
  const filled = await fillDataDirectory({ dataDir, shards: standaloneShards, scripts, events: asked.events });
  report(`${filled.events} events in ${filled.conversations.length} conversations, from ${asked.data}`);
  await using system = await openStandalone(dataDir);
  const bench = new Bench(system, outer.settings, outer);
  while ((await readerLag(system.metricsUrls)) > 0) await pause(200);
  const load = { pairs: await foundPairs(system, serving.pairs, 'serving'), filled };
  for (let run = 0; run < bench.settings.runs; run++) await measure(bench, load);
}

interface Load {
  readonly pairs: readonly Conversation[];
  readonly filled: Imported;
}

async function measure(bench: Bench, load: Load): Promise<void> {
  const log = { servers: bench.system.nats.servers.join(','), shards: standaloneShards };
  const raw = await generate('consume', { ...log, decoded: false });
  addRates(bench, { name: 'read alone, by the client library', done: raw });
  const decoded = await generate('consume', { ...log, decoded: true });
  addRates(bench, { name: 'read and decoded, by ours', done: decoded, raw });
  const before = await serve(bench, load, 'nothing else');
  await intoSqlite(bench, { log, load, raw, before });
  if (bench.settings.rebuild.cassandra) await intoCassandra(bench, log, raw);
}

type Log = Pick<Fold, 'servers' | 'shards'>;
type Read = Done<'consume'>;

interface SqliteRun {
  readonly log: Log;
  readonly load: Load;
  readonly raw: Read;
  readonly before: Served;
}

async function intoSqlite(bench: Bench, { log, load, raw, before }: SqliteRun): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'parley-rebuilt-'));
  await mkdir(directory, { recursive: true });
  const folding = begin('fold', { ...log, store: { type: 'sqlite', directory } }).done;
  const during = await serve(bench, load, 'a rebuild into SQLite');
  const folded = await folding;
  addRates(bench, { name: 'folded into SQLite', done: folded, raw });
  addMemory(bench, 'SQLite', folded);
  addServing(bench, { before, during });
  await rm(directory, { recursive: true });
}

async function intoCassandra(bench: Bench, log: Log, raw: Read): Promise<void> {
  await using node = await startCassandra();
  const folded = await generate('fold', { ...log, store: { type: 'cassandra', ...node.place } });
  addRates(bench, { name: 'folded into Cassandra, one node on the same cores', done: folded, raw });
  addMemory(bench, 'Cassandra', folded);
}

interface Served {
  readonly ackP99: number;
  readonly pageP99: number;
}

/** A light load for as long as each load lasts; who reads pages reads old ones of the log that is rebuilt. */
async function serve(bench: Bench, { pairs, filled }: Load, beside: string): Promise<Served> {
  const conversationIds = filled.conversations.filter(({ messages }) => messages >= pageEntries).map(({ id }) => id);
  const { seconds, warmUpSeconds } = bench.settings;
  const pages = { base: bench.system.base, userId: operatorId, conversationIds, limit: pageEntries, inFlight: 1 };
  const reading = begin('pages', { ...pages, seconds: seconds + warmUpSeconds }).done;
  const load = `${serving.perSecond}/s in ${serving.pairs} pairs, and pages, beside ${beside}`;
  const talked = await bench.talk({ scenario, load }, pairs, { type: 'open', perSecond: serving.perSecond });
  const { result } = await reading;
  return { ackP99: talked.ackMs[1], pageP99: quantilesOf([result.latency]).p99 };
}

interface Rated {
  readonly name: string;
  readonly done: Done<'consume' | 'fold'>;
  /** What it is compared with. */
  readonly raw?: Read;
}

/** A second, and a second of processor time. */
function addRates(bench: Bench, { name, done: { result, usage }, raw }: Rated): void {
  const limit = raw && { name: 'read alone', value: raw.result.events / raw.result.seconds };
  bench.add({ scenario, name, unit: '/s' }, result.events / result.seconds, limit);
  const limitOfCore = raw && { name: 'read alone', value: raw.result.events / raw.usage.cpuSeconds };
  bench.add({ scenario, name: `${name}, per core`, unit: '/s' }, result.events / usage.cpuSeconds, limitOfCore);
}

function addMemory(bench: Bench, store: string, { result: { rssMiB } }: Done<'fold'>): void {
  for (const [part, when] of [
    [0.25, 'a quarter'],
    [0.5, 'half'],
    [1, 'all'],
  ] as const) {
    const at = rssMiB[Math.round((rssMiB.length - 1) * part)] ?? Number.NaN;
    bench.add({ scenario, name: `${store}: memory of the folding process when ${when} is folded`, unit: 'MiB' }, at);
  }
}

function addServing(bench: Bench, { before, during }: { readonly before: Served; readonly during: Served }): void {
  const add = (what: string, value: number, limit: number): void =>
    bench.add({ scenario, name: `${what} p99 of a light load, meanwhile`, unit: 'ms' }, value, {
      name: 'the same load before',
      value: limit,
    });
  add('ack', during.ackP99, before.ackP99);
  add('page', during.pageP99, before.pageP99);
}

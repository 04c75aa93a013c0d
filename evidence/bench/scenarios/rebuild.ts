// Rebuilding: a new generation of each read model folded from a log of real chat, into each kind of store, and compared with that
// log, beside what reading it costs alone; and what clients of the serving system feel of it.
import { mkdtemp, rm } from 'node:fs/promises';
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
/** Fewer where no room of the log has so many messages. */
const pageEntriesMax = 50;
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
  const into: Into = { name: 'SQLite', log, raw, place: { type: 'sqlite', directory } };
  const folding = begin('fold', { ...log, projection: 'timeline', place: into.place }).done;
  const during = await serve(bench, load, 'a rebuild into SQLite');
  const folded = await folding;
  if (folded.usage.wallSeconds < servingSeconds(bench))
    bench.settings.report('the rebuild was over before that load was: ask for more --events, or fewer --seconds');
  addFolded(bench, { ...into, projection: 'timeline' }, folded);
  addServing(bench, { before, during });
  await compare(bench, into, 'timeline');
  await foldAndCompare(bench, into, 'conversations');
  await rm(directory, { recursive: true });
}

async function intoCassandra(bench: Bench, log: Log, raw: Read): Promise<void> {
  await using node = await startCassandra();
  const place = { type: 'cassandra', ...node.place } as const;
  const into: Into = { name: 'Cassandra, one node on the same cores', log, raw, place };
  await foldAndCompare(bench, into, 'timeline');
  await foldAndCompare(bench, into, 'conversations');
}

/** Where a generation is made, and beside what. */
interface Into {
  readonly name: string;
  readonly log: Log;
  readonly raw: Read;
  readonly place: Fold['place'];
}

type Projection = Fold['projection'];

async function foldAndCompare(bench: Bench, into: Into, projection: Projection): Promise<void> {
  const folded = await generate('fold', { ...into.log, projection, place: into.place });
  addFolded(bench, { ...into, projection }, folded);
  await compare(bench, into, projection);
}

type Folded = Into & { readonly projection: Projection };

function addFolded(bench: Bench, { name, raw, projection }: Folded, folded: Done<'fold'>): void {
  addRates(bench, { name: `${projection} folded into ${name}`, done: folded, raw });
  for (const [index, peak] of folded.result.peakRssMiB.entries()) {
    const figure = `${projection} folded into ${name}: most memory until ${(index + 1) * 25} %`;
    bench.add({ scenario, name: figure, unit: 'MiB' }, peak);
  }
}

/** As `parley verify` does it. */
async function compare(bench: Bench, { name, log, raw, place }: Into, projection: Projection): Promise<void> {
  const compared = await generate('compare', { ...log, projection, place });
  const figure = `${projection} verified in ${name}`;
  addRates(bench, { name: figure, done: compared, raw });
  bench.add({ scenario, name: `${figure}: most memory`, unit: 'MiB' }, compared.result.peakRssMiB);
}

interface Served {
  readonly ackP99: number;
  readonly pageP99: number;
}

const servingSeconds = ({ settings }: Bench): number => settings.seconds + settings.warmUpSeconds;

/** A light load for as long as each load lasts; who reads pages reads old ones of the log that is rebuilt. */
async function serve(bench: Bench, { pairs, filled }: Load, beside: string): Promise<Served> {
  const limit = Math.min(pageEntriesMax, Math.max(...filled.conversations.map(({ messages }) => messages)));
  const conversationIds = filled.conversations.filter(({ messages }) => messages >= limit).map(({ id }) => id);
  const pages = { base: bench.system.base, userId: operatorId, conversationIds, limit, inFlight: 1 };
  const reading = begin('pages', { ...pages, seconds: servingSeconds(bench) }).done;
  const load = `${serving.perSecond}/s in ${serving.pairs} pairs, and pages, beside ${beside}`;
  const talked = await bench.talk({ scenario, load }, pairs, { type: 'open', perSecond: serving.perSecond });
  const { result } = await reading;
  return { ackP99: talked.ackMs[1], pageP99: quantilesOf([result.latency]).p99 };
}

interface Rated {
  readonly name: string;
  readonly done: Done<'consume' | 'fold' | 'compare'>;
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

function addServing(bench: Bench, { before, during }: { readonly before: Served; readonly during: Served }): void {
  const add = (what: string, value: number, limit: number): void =>
    bench.add({ scenario, name: `${what} p99 of a light load, meanwhile`, unit: 'ms' }, value, {
      name: 'the same load before',
      value: limit,
    });
  add('ack', during.ackP99, before.ackP99);
  add('page', during.pageP99, before.pageP99);
}

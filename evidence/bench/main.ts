// The bench: every figure beside the limit that the same machine has in the same run. What it measures and how: docs/evidence/bench.md.
//   npm run bench -- --help
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import path from 'node:path';
import { Option } from 'commander';
import { countOf, tool } from '../command-line.ts';
import { Bench } from './bench.ts';
import { GeneratorSaturated } from './load/generator.ts';
import { rawCassandra } from './limits/raw-cassandra.ts';
import { figureTable, loadTable } from './report.ts';
import { idle, resume, storm } from './scenarios/connecting.ts';
import { rebuild } from './scenarios/rebuild.ts';
import { pages, refold } from './scenarios/reading.ts';
import { stagesAtHalf } from './scenarios/stages.ts';
import { groups, oneAtATime, pairsAtOnce, rates } from './scenarios/talking.ts';
import { openFleet, openStandalone } from './systems.ts';

const scenarios = {
  alone: oneAtATime,
  pairs: pairsAtOnce,
  sweep: rates,
  groups,
  stages: stagesAtHalf,
  idle,
  resume,
  pages,
  storm,
  stores,
  refold,
  rebuild,
};

/** What the projector would have to itself. */
async function stores(bench: Bench): Promise<void> {
  const { cassandra } = bench.system;
  if (!cassandra) return;
  for (let run = 0; run < bench.settings.runs; run++) {
    const value = await rawCassandra({ ...cassandra, inFlight: 128, seconds: bench.settings.seconds });
    bench.add({ scenario: 'stores', name: 'Cassandra alone, single inserts, 128 in flight', unit: '/s' }, value);
  }
}

interface Options {
  readonly form: 'standalone' | 'fleet';
  readonly only?: string;
  readonly runs: number;
  readonly seconds: number;
  readonly json?: string;
  readonly events: number;
  readonly data: string;
  readonly cassandra: boolean;
}

const sample = path.join(import.meta.dirname, '..', 'irc', 'sample.jsonl');

const program = tool(
  'npm run bench --',
  'Measures Parley on this machine, each figure beside the limit of the machine in the same run.',
)
  .addOption(new Option('--form <form>', 'what is measured').choices(['standalone', 'fleet']).default('standalone'))
  .option('--only <names>', `some of ${Object.keys(scenarios).join(', ')}; with commas between`)
  .option('--runs <count>', 'how often each is measured', countOf, 3)
  .option('--seconds <count>', 'how long each load lasts', countOf, 8)
  .option('--events <count>', 'of the log that is rebuilt from', countOf, 1_000_000)
  .option(
    '--data <path>',
    'group chat, .jsonl or .jsonl.gz, of which that log is made; by default a small one of our own',
    sample,
  )
  .option('--no-cassandra', 'rebuilds into SQLite alone')
  .option('--json <file>', 'writes all runs there')
  .parse();
const options = program.opts<Options>();
const names = options.only?.split(',') ?? Object.keys(scenarios);
const unknown = names.filter((name) => !(name in scenarios));
if (unknown.length > 0)
  program.error(`there is no ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}`);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const machine = `${availableParallelism()} x ${cpus()[0]?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
say(`${machine}\n${command}`);

const settings = {
  runs: options.runs,
  seconds: options.seconds,
  warmUpSeconds: 3,
  rebuild: options,
  report: (line: string) => say(`  ${line}`),
};
await using system = await (options.form === 'fleet' ? openFleet() : openStandalone());
const bench = new Bench(system, settings);
for (const [name, scenario] of Object.entries(scenarios)) if (names.includes(name)) await run(name, scenario);

/** A generator that was the bottleneck fails the run; what was measured before is printed all the same. */
async function run(name: string, scenario: (bench: Bench) => Promise<void>): Promise<void> {
  try {
    await scenario(bench);
  } catch (error) {
    if (!(error instanceof GeneratorSaturated)) throw error;
    say(`FAILED ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

say(
  `\n${machine}\n${command}\n${options.form}, ${system.shards} shards, R${system.replicas}, sync_interval always, ${settings.runs} runs of ${settings.seconds} s\n`,
);
if (bench.loads.length > 0) say(`${loadTable(bench.loads)}\n`);
if (bench.figures.length > 0) say(figureTable(bench.figures));
if (options.json !== undefined) {
  const all = {
    machine,
    command,
    form: options.form,
    settings: { ...settings, report: undefined },
    loads: bench.loads,
    figures: bench.figures,
  };
  writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
}

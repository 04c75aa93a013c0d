// `npm run check:history`: people talk while things go wrong; then everything is read, and judged. docs/evidence/history.md says
// what it looks at.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { checkHistory, historyToLines, linesToHistory, type History } from '@parley/proof';
import { Command, InvalidArgumentError, Option } from 'commander';
import { checkBrokenBuilds } from './check-broken-builds.ts';
import { startFleetStage } from './fleet-stage.ts';
import { loadOf } from './load.ts';
import { faultsFor, play } from './play.ts';
import { startStandaloneStage } from './standalone-stage.ts';
import { summary } from './summary.ts';

interface Flags {
  readonly form: 'standalone' | 'fleet';
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rate: number;
  readonly faults?: RegExp;
  readonly visibleWithin: number;
  readonly save?: string;
  readonly check?: string;
  readonly broken?: RegExp | true;
}

const program = new Command('check:history')
  .description('Clients of a real system write down what they see while it is harmed; a checker judges the history.')
  .addOption(new Option('--form <form>', 'what is harmed').choices(['standalone', 'fleet']).default('standalone'))
  .option('--seconds <count>', 'how long things go wrong', wholeNumber, 60)
  .option(
    '--seed <number>',
    'of what people do and which faults come when',
    wholeNumber,
    Math.floor(Math.random() * 1e9),
  )
  .option('--clients <count>', 'devices', wholeNumber, 20)
  .option('--rate <count>', 'messages a second', wholeNumber, 60)
  .option('--faults <pattern>', 'only those whose name matches', pattern)
  .option('--visible-within <seconds>', 'after the last healing everybody has everything', wholeNumber, 5)
  .option('--save <file>', 'keep the history, an entry a line')
  .option('--check <file>', 'judge a history that was kept; nothing is started')
  .option('--broken [pattern]', 'play deliberately broken builds instead: each has to be noticed', pattern)
  .showHelpAfterError();

program.parse();
const flags = program.opts<Flags>();
process.exitCode = (await (flags.broken === undefined ? judge(flags) : checkBrokenBuilds(flags.broken, flags.seed)))
  ? 0
  : 1;

async function judge({ check, save, seed, visibleWithin }: Flags): Promise<boolean> {
  const history = check === undefined ? await playAll(flags) : linesToHistory(readFileSync(check, 'utf8'));
  if (save !== undefined) writeFileSync(save, historyToLines(history));
  const offences = checkHistory(history, { visibleWithinMs: visibleWithin * 1_000 });
  console.log(`\n${summary(history, offences)}`);
  if (offences.length > 0 && check === undefined) console.log(`--seed ${seed} does the same again.`);
  return offences.length === 0;
}

async function playAll({ form, seconds, seed, clients, rate, faults, visibleWithin }: Flags): Promise<History> {
  console.log(`${form}, ${seconds} s, seed ${seed}`);
  await using stage = await (form === 'fleet' ? startFleetStage() : startStandaloneStage());
  const chosen = stage.faults.filter(({ name }) => faults?.test(name) ?? true);
  return await play({
    stage,
    seed,
    load: loadOf({ clients, sendsPerSecond: rate }),
    direct: faultsFor(seconds, chosen),
    visibleWithinMs: visibleWithin * 1_000,
    say: (line) => console.log(`  ${new Date().toISOString().slice(11, 19)} ${line}`),
  });
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError('It must be a regular expression.');
  }
}

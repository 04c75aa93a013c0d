// `npm run check:history`: people talk while things go wrong; then everything is read, and judged. docs/evidence/history.md says
// what it looks at.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { checkHistory, historyToLines, linesToHistory, type History } from '@parley/proof';
import { InvalidArgumentError, Option } from 'commander';
import { countOf, NOT_TRIED, tool, wholeNumber } from '../command-line.ts';
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

const program = tool(
  'npm run check:history --',
  'Clients of a real system write down what they see while it is harmed; a checker judges the history.',
)
  .addOption(new Option('--form <form>', 'what is harmed').choices(['standalone', 'fleet']).default('standalone'))
  .option('--seconds <count>', 'how long things go wrong', countOf, 60)
  .option(
    '--seed <number>',
    'of what people do and which faults come when',
    wholeNumber,
    Math.floor(Math.random() * 1e9),
  )
  .option('--clients <count>', 'devices', countOf, 20)
  .option('--rate <count>', 'messages a second', countOf, 60)
  .option('--faults <pattern>', 'only those whose name matches', pattern)
  .option('--visible-within <seconds>', 'after the last healing everybody has everything', wholeNumber, 5)
  .option('--save <file>', 'keep the history, an entry a line')
  .option('--check <file>', 'judge a history that was kept; nothing is started')
  .option('--broken [pattern]', 'play deliberately broken builds instead: each has to be noticed', pattern)
  .showHelpAfterError('(--help tells of the options)');

program.parse();
const flags = program.opts<Flags>();
try {
  const isWell = await (flags.broken === undefined ? judge(flags) : checkBrokenBuilds(flags.broken, flags.seed));
  process.exitCode = isWell ? 0 : 1;
} catch (error) {
  if (!(error instanceof InvalidArgumentError)) throw error;
  console.error(error.message);
  process.exitCode = NOT_TRIED;
}

async function judge({ check, save, seed, visibleWithin }: Flags): Promise<boolean> {
  const history = check === undefined ? await playAll(flags) : readHistory(check);
  if (save !== undefined) writeFileSync(save, historyToLines(history));
  const offences = checkHistory(history, { visibleWithinMs: visibleWithin * 1_000 });
  console.log(`\n${summary(history, offences)}`);
  if (offences.length > 0 && check === undefined) console.log(`--seed ${seed} does the same again.`);
  return offences.length === 0;
}

/** Nothing said and nothing stored would keep every promise. */
function readHistory(file: string): History {
  try {
    const history = linesToHistory(readFileSync(file, 'utf8'));
    if (history.some(({ kind }) => kind === 'acked') && history.some(({ kind }) => kind === 'logged')) return history;
  } catch (error) {
    program.error(String(error));
  }
  return program.error(`${file}: no history that could be judged: nobody was acked, or the log was not read`);
}

async function playAll({ form, seconds, seed, clients, rate, faults, visibleWithin }: Flags): Promise<History> {
  console.log(`${form}, ${seconds} s, seed ${seed}`);
  await using stage = await (form === 'fleet' ? startFleetStage() : startStandaloneStage());
  const chosen = stage.faults.filter(({ name }) => faults?.test(name) ?? true);
  if (chosen.length === 0)
    throw new InvalidArgumentError(
      `no fault is called that; there are\n${stage.faults.map(({ name }) => name).join('\n')}`,
    );
  return await play({
    stage,
    seed,
    load: loadOf({ clients, sendsPerSecond: rate }),
    direct: faultsFor(seconds, chosen),
    visibleWithinMs: visibleWithin * 1_000,
    say: (line) => console.log(`  ${new Date().toISOString().slice(11, 19)} ${line}`),
  });
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError('It must be a regular expression.');
  }
}

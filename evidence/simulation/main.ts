// Runs seeds, or replays one and tells its story.
//   npm run simulate -- --seed 7                  that one, line by line
//   npm run simulate -- --seeds 10000             so many, from a random one on
//   npm run simulate -- --seeds 10000 --first     … until one has an offence
//   npm run simulate -- --seeds 1000 --build 'has no not-after'      as a broken build (broken-builds.ts)
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import process from 'node:process';
import { Option } from 'commander';
import { countOf, NOT_TRIED, tool, wholeNumber } from '../command-line.ts';
import { changedBuild } from '../history/changed-build.ts';
import { BROKEN_BUILDS } from './broken-builds.ts';
import { simulate } from './simulate.ts';

interface Flags {
  readonly seed?: number;
  readonly seeds: number;
  readonly first?: true;
  readonly build?: string;
}

const program = tool('npm run simulate --', 'Runs the whole system from seeds under virtual time, and judges each run.')
  .option('--seed <number>', 'the first one; alone, its story is told', wholeNumber)
  .option('--seeds <count>', 'how many', countOf, 1)
  .option('--first', 'ends with the first one that has an offence')
  .addOption(new Option('--build <name>', 'as a broken build').choices(BROKEN_BUILDS.map(({ name }) => name)))
  .parse();
const values = program.opts<Flags>();
const count = values.seeds;
const firstSeed = values.seed ?? randomInt(2 ** 31);
process.exitCode = values.build === undefined ? await runSeeds() : runAs(values.build);

/** 1 when one had an offence. */
async function runSeeds(): Promise<number> {
  const begun = process.cpuUsage();
  let ran = 0;
  let failed = 0;
  for (let seed = firstSeed; seed < firstSeed + count && !(values.first && failed > 0); seed++, ran++) {
    const { offences, story } = await simulate(seed);
    if (count === 1) console.log(story.join('\n'));
    if (offences.length > 0) failed++;
    if (offences.length > 0 && count > 1) console.log(`seed ${seed}: ${offences[0]}`);
  }
  const { user, system } = process.cpuUsage(begun);
  const msEach = (user + system) / 1_000 / ran;
  console.log(`${ran} ${ran === 1 ? 'seed' : 'seeds'} from ${firstSeed}: ${failed} with offences`);
  console.error(`${msEach.toFixed(1)} ms of processor time each`); // not the same again
  return failed === 0 ? 0 : 1;
}

/** This program again, of the changed sources. */
function runAs(name: string): number {
  const build = BROKEN_BUILDS.find((each) => each.name === name);
  if (!build) return NOT_TRIED;
  const same = ['--seed', `${firstSeed}`, '--seeds', `${count}`, ...(values.first ? ['--first'] : [])];
  const env = { ...process.env, ...changedBuild(build.changes) };
  return spawnSync(process.execPath, [import.meta.filename, ...same], { env, stdio: 'inherit' }).status ?? 1;
}

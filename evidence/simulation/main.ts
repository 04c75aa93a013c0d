// Runs seeds, or replays one and tells its story.
//   npm run simulate -- --seed 7                  that one, line by line
//   npm run simulate -- --seeds 10000             so many, from a random one on
//   npm run simulate -- --seeds 10000 --first     … until one has an offence
//   npm run simulate -- --seeds 1000 --build 'has no not-after'      as a broken build (broken-builds.ts)
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { changedBuild } from '../history/changed-build.ts';
import { BROKEN_BUILDS } from './broken-builds.ts';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    first: { type: 'boolean', default: false },
    build: { type: 'string' },
  },
});
const count = Number(values.seeds);
const firstSeed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
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
  console.log(
    `${ran} seeds from ${firstSeed}: ${failed} with offences, ${msEach.toFixed(1)} ms of processor time each`,
  );
  return failed === 0 ? 0 : 1;
}

/** This program again, of the changed sources. */
function runAs(name: string): number {
  const build = BROKEN_BUILDS.find((each) => each.name === name);
  if (!build) throw new Error(`no broken build "${name}": ${BROKEN_BUILDS.map((each) => each.name).join(', ')}`);
  const same = ['--seed', `${firstSeed}`, '--seeds', `${count}`, ...(values.first ? ['--first'] : [])];
  const env = { ...process.env, ...changedBuild(build.changes) };
  return spawnSync(process.execPath, [import.meta.filename, ...same], { env, stdio: 'inherit' }).status ?? 1;
}

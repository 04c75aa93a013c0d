// npm packages: `npm ci` when what is installed is not what package-lock.json says. Npm records what it installed in
// node_modules/.package-lock.json, last of all, so an interrupted install is noticed, and a plain `npm install` counts.
import fs from 'node:fs';
import { outputOf, run } from './commands.mjs';
import { inProject, say, SetupFailure } from './project.mjs';

const installedFile = inProject('node_modules', '.package-lock.json');
/** Without a network npm alone would try for more than a minute. The time is for a whole package, of up to 70 MB. */
const impatient = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=120000', '--loglevel=error'];
const outputLinesMax = 5;

export function areDependenciesInstalled() {
  const wanted = packagesIn(inProject('package-lock.json'));
  if (wanted === undefined) throw new SetupFailure('package-lock.json is missing; check it out again.');
  const installed = packagesIn(installedFile);
  return installed !== undefined && matches(installed, wanted);
}

export async function installDependencies() {
  if (areDependenciesInstalled()) return;
  const reason = fs.existsSync(installedFile) ? 'package-lock.json has changed, installing' : 'installing packages';
  say(`${reason} (npm ci) …`);
  const result = await npm(['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional', ...impatient]);
  if (result.status === 0) return;
  process.stderr.write(shortened(outputOf(result)));
  throw new SetupFailure(
    "npm ci failed (see above). If the network and npm's registry setting are right, delete node_modules and try again.",
  );
}

/** Without the advice and the traces that npm adds to what went wrong. */
function shortened(output) {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^npm error ( +at |A complete log)/.test(line));
  return lines
    .slice(0, outputLinesMax)
    .map((line) => `${line}\n`)
    .join('');
}

/** Npm's map from folder to package; undefined when there is no such file. */
function packagesIn(lockFile) {
  try {
    return JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Optional packages may be absent (another platform's); everything in node_modules has to be of the locked version. */
function matches(installed, wanted) {
  return Object.entries(wanted).every(([folder, { version, link, optional }]) => {
    if (!folder.startsWith('node_modules/')) return true;
    const found = installed[folder];
    if (found === undefined) return optional === true;
    return found.version === version && found.link === link;
  });
}

/** The very npm that runs us when there is one (`npm start` names it), so that two versions do not take turns. */
function npm(args) {
  const npmProgram = process.env.npm_execpath;
  return npmProgram?.endsWith('.js') ? run(process.execPath, [npmProgram, ...args]) : run('npm', args);
}

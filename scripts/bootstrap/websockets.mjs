// uWebSockets.js made loadable on this machine, and proved by an echo once per Node and addon. Its prebuilt Linux files ask
// for glibc 2.38: on 2.35 and newer they are patched (glibc-symbols.mjs), below that Node runs on a newer private glibc.
import fs from 'node:fs';
import { hostGlibc, patchFile } from './glibc-symbols.mjs';
import { addonFile } from './node.mjs';
import { inProject, inRuntime, outputOf, run, say, SetupFailure } from './project.mjs';

const proofTimeoutMs = 20_000;

/** The Node program to use: the given one, or a copy of it on a private glibc. */
export function prepareWebSockets({ program, abi }) {
  const addon = addonFile(abi);
  if (!fs.existsSync(addon)) throw new SetupFailure(`${addon} is missing; delete node_modules and try again.`);
  const node = process.platform === 'linux' ? fitToGlibc(program, addon) : program;
  proveOnce(node, addon);
  return node;
}

function fitToGlibc(program, addon) {
  const glibc = hostGlibc();
  if (glibc === undefined)
    throw new SetupFailure('uWebSockets.js needs a Linux with glibc, not musl (Alpine); use another image.');
  try {
    const { changed } = patchFile(addon, glibc);
    if (changed.length > 0) say(`uWebSockets.js adapted to glibc ${glibc} (${changed.length} symbols)`);
    return program;
  } catch (error) {
    return onPrivateGlibc(program, error.message);
  }
}

function onPrivateGlibc(program, reason) {
  const node = inRuntime('glibc', 'bin', 'node');
  // It holds absolute paths, so a project folder that was moved has to make it again.
  if (run(node, ['--version']).status === 0) return node;
  say(`${reason}; fetching a newer glibc into .runtime/ …`);
  fs.rmSync(inRuntime('glibc'), { recursive: true, force: true });
  const result = run('bash', [inProject('scripts', 'bootstrap', 'private-glibc.sh'), program, inRuntime('glibc')]);
  if (result.status === 0) return node;
  throw new SetupFailure(
    `${reason} and no newer glibc could be fetched (${outputOf(result)}); use Debian 12 or newer.`,
  );
}

function proveOnce(node, addon) {
  const stamp = inRuntime('websockets-proved');
  const { size, mtimeMs } = fs.statSync(addon);
  const proof = `${node} ${addon} ${size} ${mtimeMs}`;
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === proof) return;
  const result = run(node, [inProject('scripts', 'bootstrap', 'websocket-echo.mjs')], { timeout: proofTimeoutMs });
  if (result.status !== 0) throw new SetupFailure(`uWebSockets.js does not work on this machine: ${outputOf(result)}`);
  say(result.stdout.trim());
  fs.mkdirSync(inRuntime(), { recursive: true });
  fs.writeFileSync(stamp, proof);
}

// uWebSockets.js made loadable on this machine, and proved by an echo once per Node and addon. Its prebuilt Linux files ask
// for glibc 2.38: on 2.35 and newer they are patched (glibc-symbols.mjs), below that Node runs on a newer private glibc.
import fs from 'node:fs';
import { outputOf, run } from './commands.mjs';
import { hostGlibc, patchFile } from './glibc-symbols.mjs';
import { addonFile } from './node.mjs';
import { inProject, inRuntime, say, SetupFailure } from './project.mjs';

const proofTimeoutMs = 20_000;
const stamp = inRuntime('websockets-proved');
const privateNode = inRuntime('glibc', 'bin', 'node');

/** The Node that was proved to work with the addon as it is: the given one, or the one on a private glibc. */
export function provedNode({ program, abi }) {
  const addon = addonFile(abi);
  if (!fs.existsSync(addon) || !fs.existsSync(stamp)) return undefined;
  const proved = fs.readFileSync(stamp, 'utf8');
  return [program, privateNode].find((node) => fs.existsSync(node) && proved === proofOf(node, addon));
}

/** The Node program to use: the given one, or a copy of it on a private glibc. */
export async function prepareWebSockets({ program, abi }) {
  const present = provedNode({ program, abi });
  if (present !== undefined) return present;
  const addon = addonFile(abi);
  if (!fs.existsSync(addon)) throw new SetupFailure(`${addon} is missing; delete node_modules and try again.`);
  const node = process.platform === 'linux' ? await fitToGlibc(program, addon) : program;
  await prove(node, addon);
  return node;
}

async function fitToGlibc(program, addon) {
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

async function onPrivateGlibc(program, reason) {
  // It holds absolute paths, so a project folder that was moved has to make it again.
  if ((await run(privateNode, ['--version'])).status === 0) return privateNode;
  say(`${reason}; fetching a newer glibc into .runtime/ …`);
  fs.rmSync(inRuntime('glibc'), { recursive: true, force: true });
  const recipe = inProject('scripts', 'bootstrap', 'private-glibc.sh');
  const result = await run('bash', [recipe, program, inRuntime('glibc')]);
  if (result.status === 0) return privateNode;
  throw new SetupFailure(
    `${reason} and no newer glibc could be fetched (${outputOf(result)}); use Debian 12 or newer.`,
  );
}

async function prove(node, addon) {
  const echo = inProject('scripts', 'bootstrap', 'websocket-echo.mjs');
  const result = await run(node, [echo], { timeoutMs: proofTimeoutMs });
  if (result.status !== 0) throw new SetupFailure(`uWebSockets.js does not work on this machine: ${outputOf(result)}`);
  say(result.stdout.trim());
  fs.mkdirSync(inRuntime(), { recursive: true });
  fs.writeFileSync(stamp, proofOf(node, addon));
}

/** What was proved together; the project folder may be looked at from machines with another glibc. */
function proofOf(node, addon) {
  const { size, mtimeMs } = fs.statSync(addon);
  return `${node} ${addon} ${size} ${mtimeMs} ${hostGlibc()}`;
}

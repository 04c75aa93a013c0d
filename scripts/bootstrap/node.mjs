// Which Node runs the project: this one when it is 24 or newer and uWebSockets.js was built for it, else the one in the npm
// package node-<platform>-<arch>, a plain binary (docs/adr/0005-runtime.md).
import fs from 'node:fs';
import { run } from './commands.mjs';
import { inProject, SetupFailure } from './project.mjs';

const nodeMajorMin = 24;

/** `{ program, abi }` of a Node that runs TypeScript files and can load uWebSockets.js. */
export async function chooseNode() {
  const major = Number.parseInt(process.versions.node, 10);
  const abi = process.versions.modules;
  if (major >= nodeMajorMin && fs.existsSync(addonFile(abi))) return { program: process.execPath, abi };
  const program = inProject('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const result = await run(program, ['-p', 'process.versions.modules']);
  if (result.status === 0) return { program, abi: result.stdout.trim() };
  throw new SetupFailure(
    major >= nodeMajorMin
      ? `uWebSockets.js has no build for Node ${process.version} on this machine; install Node ${nodeMajorMin} and try again.`
      : `Node ${nodeMajorMin} or newer is needed and this is ${process.version}; install Node ${nodeMajorMin} and try again.`,
  );
}

/** The file of uWebSockets.js for an ABI (Node's `process.versions.modules`), whether it exists or not. */
export const addonFile = (abi) =>
  inProject('node_modules', 'uWebSockets.js', `uws_${process.platform}_${process.arch}_${abi}.node`);

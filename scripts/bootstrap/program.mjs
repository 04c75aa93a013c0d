// Runs the program the set-up was for: same terminal, signals once, same exit code.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { inProject, inRuntime, say } from './project.mjs';

/** Npm and a terminal may both send one Ctrl-C or one kill; what follows sooner than this is the same. */
const sameSignalMs = 500;

/** An installed package's command as a file to run with Node, whatever Node its first line would find. */
export function commandOf([name, ...args]) {
  const folder = inProject('node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return [path.join(folder, typeof bin === 'string' ? bin : bin[name]), ...args];
}

export function runAndExit({ node, servicePrograms }, args) {
  // The program's own children that say plain `node` find the same one.
  const searchPath = path.dirname(node) + path.delimiter + (process.env.PATH ?? '');
  // Compiled code is kept, so that programs start sooner: `parley decode` is started for every event.
  const compileCache = process.env.NODE_COMPILE_CACHE ?? inRuntime('compile-cache');
  const found = { PATH: searchPath, NODE_COMPILE_CACHE: compileCache, ...servicePrograms };
  const env = { ...process.env, ...found };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forwardTo(child));
  child.on('error', (error) => {
    say(`${node} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // Die of the same signal, so that whoever waits for us sees what really happened.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** A terminal sends Ctrl-C to the whole foreground group, so the child has it already. */
function forwardTo(child) {
  let lastMs = -Infinity;
  return (signal) => {
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    const nowMs = performance.now();
    if (nowMs - lastMs > sameSignalMs) child.kill(signal);
    lastMs = nowMs;
  };
}

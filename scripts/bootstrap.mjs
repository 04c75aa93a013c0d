#!/usr/bin/env node
// Gets everything a fresh machine lacks, then runs a program of this project under a fitting Node:
//   node scripts/bootstrap.mjs                     set up only; prints the Node to use
//   node scripts/bootstrap.mjs FILE.ts [args …]    set up, then run the file
//   node scripts/bootstrap.mjs --bin NAME [args …] set up, then run an installed package's command
// Plain JavaScript, here and in bootstrap/, because it runs before there is a Node that reads TypeScript.
import { installDependencies } from './bootstrap/dependencies.mjs';
import { withSetupLock } from './bootstrap/lock.mjs';
import { chooseNode } from './bootstrap/node.mjs';
import { commandOf, runAndExit } from './bootstrap/program.mjs';
import { say, SetupFailure } from './bootstrap/project.mjs';
import { provideService } from './bootstrap/services.mjs';
import { prepareWebSockets } from './bootstrap/websockets.mjs';

const slowSetupMs = 1_000;

try {
  const ready = setUp();
  const args = process.argv.slice(2);
  if (args.length === 0) console.log(ready.node);
  else runAndExit(ready, args[0] === '--bin' ? commandOf(args.slice(1)) : args);
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  say(`cannot go on: ${error.message}`);
  process.exit(1);
}

function setUp() {
  const startedMs = Date.now();
  const ready = withSetupLock(() => {
    installDependencies();
    return { node: prepareWebSockets(chooseNode()), natsServer: provideService('nats-server') };
  });
  const tookMs = Date.now() - startedMs;
  if (tookMs > slowSetupMs) say(`set up in ${(tookMs / 1000).toFixed(1)} s`);
  return ready;
}

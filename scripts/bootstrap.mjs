#!/usr/bin/env node
// Gets everything a fresh machine lacks, then runs a program of this project under a fitting Node:
//   node scripts/bootstrap.mjs                     set up only; prints the Node to use
//   node scripts/bootstrap.mjs FILE.ts [args …]    set up, then run the file
//   node scripts/bootstrap.mjs --bin NAME [args …] set up, then run an installed package's command
// Before any of these, `--with SERVICE`: one more server program than nats-server (bootstrap/services.mjs), as tests need.
// Plain JavaScript, here and in bootstrap/, because it runs before there is a Node that reads TypeScript.
import { interruptible, Interrupted } from './bootstrap/commands.mjs';
import { areDependenciesInstalled, installDependencies } from './bootstrap/dependencies.mjs';
import { withSetupLock } from './bootstrap/lock.mjs';
import { chooseNode } from './bootstrap/node.mjs';
import { commandOf, runAndExit } from './bootstrap/program.mjs';
import { say, SetupFailure } from './bootstrap/project.mjs';
import { presentService, programsOf, provideService } from './bootstrap/services.mjs';
import { prepareWebSockets, provedNode } from './bootstrap/websockets.mjs';

try {
  const { services, args } = parse(process.argv.slice(2));
  const ready = await interruptible(async () => (await findReady(services)) ?? (await setUp(services)));
  if (args.length === 0) console.log(ready.node);
  else runAndExit(ready, args[0] === '--bin' ? commandOf(args.slice(1)) : args);
} catch (error) {
  process.exitCode = 1;
  if (error instanceof Interrupted) process.kill(process.pid, error.signal);
  else if (error instanceof SetupFailure) say(`cannot go on: ${error.message}`);
  else throw error;
}

/** `--with` only comes first: what is behind it belongs to the program. */
function parse(args) {
  if (args[0] !== '--with') return { services: ['nats-server'], args };
  const { services, args: rest } = parse(args.slice(2));
  return { services: [...services, args[1]], args: rest };
}

/** What to run with, when nothing is missing. Changes nothing, so that it needs no lock. */
async function findReady(services) {
  if (!areDependenciesInstalled()) return undefined;
  const node = provedNode(await chooseNode());
  if (node === undefined) return undefined;
  const servicePrograms = await programsOf(services, presentService);
  return servicePrograms && { node, servicePrograms };
}

/** Each step looks again whether there is something to do: another set-up may have done it meanwhile. */
async function setUp(services) {
  const startedMs = Date.now();
  const ready = await withSetupLock(async () => {
    await installDependencies();
    const node = await prepareWebSockets(await chooseNode());
    return { node, servicePrograms: await programsOf(services, provideService) };
  });
  say(`set up in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return ready;
}

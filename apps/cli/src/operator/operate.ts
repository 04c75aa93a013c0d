// What every operator's command goes through: a system to work on, an end when it is interrupted, an exit code.
import process from 'node:process';
import type { Command } from 'commander';
import { BackupRefused } from '@parley/infra/backup';
import { ConfigError, type Environment } from '@parley/infra/config';
import { DataDirectoryInUse, DeploymentMissing, NatsUnreachable } from '@parley/infra/nats';
import { GenerationRefused } from '@parley/projections';
import { EXIT } from './exit.ts';
import { createOutput, type Output } from './output.ts';
import { openSystem, SystemUnreachable, type System } from './system.ts';

export interface Call<Flags> {
  readonly system: System;
  readonly output: Output;
  readonly flags: Flags;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit code. */
export type OperatorCommand<Flags> = (call: Call<Flags>, ...args: string[]) => Promise<number>;

/** One that opens what it needs by itself: it makes a system, looks at a broken one, or needs none. */
export type LoneCommand<Flags> = (
  call: Omit<Call<Flags>, 'system'> & { readonly environment: Environment },
  ...args: string[]
) => Promise<number>;

/** The command cannot be done as it was asked for: exit code 2, and this text. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

export interface Asked {
  readonly environment: Environment;
  /** What commander handed over. */
  readonly given: readonly unknown[];
}

/** Runs a command on the system that the environment names, and sets the exit code. */
export function operate<Flags extends object>(
  load: () => Promise<OperatorCommand<Flags>>,
  asked: Asked,
): Promise<void> {
  return conclude<Flags>(asked, async (call, args) => {
    await using system = await openSystem(asked.environment);
    const run = await load();
    return await run({ ...call, system }, ...args);
  });
}

/** Runs a command for which no system has to be there, and sets the exit code. */
export function operateWithout<Flags extends object>(
  load: () => Promise<LoneCommand<Flags>>,
  asked: Asked,
): Promise<void> {
  return conclude<Flags>(asked, async (call, args) => {
    const run = await load();
    return run({ ...call, environment: asked.environment }, ...args);
  });
}

async function conclude<Flags extends object>(
  { given }: Asked,
  run: (call: Omit<Call<Flags>, 'system'>, args: readonly string[]) => Promise<number>,
): Promise<void> {
  // Its arguments, its flags, and the command itself.
  const [flags, command] = given.slice(-2) as [Flags & { readonly json?: boolean }, Command];
  const args = command.processedArgs.filter((arg): arg is string => arg !== undefined);
  const output = createOutput(flags.json === true);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  try {
    const code = await run({ output, flags, signal: stop.signal }, args);
    process.exitCode = stop.signal.aborted ? EXIT.interrupted : code;
  } catch (error) {
    process.exitCode = stop.signal.aborted ? EXIT.interrupted : exitCodeOf(error);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const NOT_TRIED = [
  ConfigError,
  SystemUnreachable,
  NatsUnreachable,
  DeploymentMissing,
  GenerationRefused,
  WrongUsage,
  BackupRefused,
  DataDirectoryInUse,
];

const exitCodeOf = (error: unknown): number =>
  NOT_TRIED.some((kind) => error instanceof kind) ? EXIT.notTried : EXIT.found;

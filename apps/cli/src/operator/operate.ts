// What every operator's command goes through: a system to work on, an end when it is interrupted, an exit code.
import process from 'node:process';
import type { Command } from 'commander';
import { ConfigError, type Environment } from '@parley/infra/config';
import { DeploymentMissing, NatsUnreachable } from '@parley/infra/nats';
import { GenerationRefused } from '@parley/projections';
import { createOutput, EXIT, type Output } from './output.ts';
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

/** The command cannot be done as it was asked for: exit code 2, and this text. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/** Runs a command on the system that the environment names, with what commander handed over, and sets the exit code. */
export async function operate<Flags extends object>(
  load: () => Promise<OperatorCommand<Flags>>,
  { environment, given }: { readonly environment: Environment; readonly given: readonly unknown[] },
): Promise<void> {
  // Its arguments, its flags, and the command itself.
  const [flags, command] = given.slice(-2) as [Flags & { readonly json?: boolean }, Command];
  const args = command.processedArgs.filter((arg): arg is string => arg !== undefined);
  const output = createOutput(flags.json === true);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  try {
    await using system = await openSystem(environment);
    const run = await load();
    const code = await run({ system, output, flags, signal: stop.signal }, ...args);
    process.exitCode = stop.signal.aborted ? EXIT.interrupted : code;
  } catch (error) {
    process.exitCode = stop.signal.aborted ? EXIT.interrupted : exitCodeOf(error);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const NOT_TRIED = [ConfigError, SystemUnreachable, NatsUnreachable, DeploymentMissing, GenerationRefused, WrongUsage];

const exitCodeOf = (error: unknown): number =>
  NOT_TRIED.some((kind) => error instanceof kind) ? EXIT.notTried : EXIT.found;

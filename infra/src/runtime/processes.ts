// Other processes of this machine, on Linux and macOS: which one is meant by a pid, and who runs a certain command.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { World } from '@parley/domain';

export interface ProcessIdentity {
  readonly pid: number;
  /** Tells it from a later process with the same pid. */
  readonly start: string;
}

const isLinux = process.platform === 'linux';

/** Undefined when there is no such process, or only its remains. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const start = isLinux ? startByProc(pid) : runPs(['-o', 'lstart=', '-p', `${pid}`])?.trim();
  return start ? { pid, start } : undefined;
}

export function isRunning({ pid, start }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.start === start;
}

const endPollMs = 20;

/** SIGTERM, and SIGKILL when that does not end it in time; resolves when it is gone. Only for processes of ours. */
export async function endProcess(identity: ProcessIdentity, world: World, withinMs: number): Promise<void> {
  const deadlineTs = world.now() + withinMs;
  signalIfRunning(identity, 'SIGTERM');
  while (isRunning(identity)) {
    if (world.now() >= deadlineTs) signalIfRunning(identity, 'SIGKILL');
    await world.sleep(endPollMs);
  }
}

/** It may end between the look and the signal. */
function signalIfRunning(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (isRunning(identity)) throw error;
  }
}

/** Every process of a program of this name, wherever it is installed, with exactly these arguments. */
export function processesRunning(program: string, ...args: readonly string[]): readonly ProcessIdentity[] {
  const command = [path.basename(program), ...args].join(' ');
  const pids = isLinux ? pidsByProc(command) : pidsByPs(command);
  return pids.flatMap((pid) => identifyProcess(pid) ?? []);
}

/** proc(5), `stat`: after the name in parentheses come the state and, 19 fields on, the start in clock ticks since boot. */
function startByProc(pid: number): string | undefined {
  const stat = readProc(`${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const isAlive = fields[0] !== undefined && fields[0] !== 'Z';
  return isAlive ? `${fields[19]} of ${readProc('sys/kernel/random/boot_id')?.trim()}` : undefined;
}

function pidsByProc(command: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isCommand(readProc(`${pid}/cmdline`)?.replaceAll('\0', ' '), command))
    .map(Number);
}

function pidsByPs(command: string): readonly number[] {
  const lines = runPs(['-axo', 'pid=,command='])?.split('\n') ?? [];
  return lines.filter((line) => isCommand(line, command)).map((line) => Number.parseInt(line, 10));
}

/** The program may be spelled with its folder. */
const isCommand = (line: string | undefined, command: string): boolean =>
  line !== undefined && /[/ ]$/.test(` ${line.trim()}`.slice(0, -command.length)) && line.trim().endsWith(command);

/** Processes come and go while we look: one that is gone has nothing to read. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** `ps` fails when nothing matches. */
function runPs(options: readonly string[]): string | undefined {
  try {
    return execFileSync('ps', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

// The `parley` command as an operator types it: a process of its own, on the system that its environment names.
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

export const mainFile = path.join(import.meta.dirname, '..', 'src', 'main.ts');

/** Without the keys that the suite itself was told. */
const foreign = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('PARLEY_')));

export interface Answered {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly answered: Promise<Answered>;
  /** So far. */
  stderr(): string;
  /** On stdout, so far. */
  printed(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Begun, and not waited for. */
export function begin(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Command {
  const child = spawn(process.execPath, [mainFile, ...args], {
    env: { ...foreign, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const answered = new Promise<Answered>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { answered, stderr: () => stderr, printed: () => stdout, kill: (signal) => void child.kill(signal) };
}

export const parley = (environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Answered> =>
  begin(environment, ...args).answered;

/** The answer of a command that must succeed, with `--json`. */
export async function parleyJson<Answer>(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Answer> {
  const { code, stdout, stderr } = await parley(environment, ...args, '--json');
  if (code !== 0) throw new Error(`parley ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as Answer;
}

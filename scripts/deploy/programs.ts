// Runs what the set-up found. What a program prints when it fails is the problem.
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

const outputBytesMax = 16 * 1024 * 1024;

/** The path of a program or file that `scripts/bootstrap.mjs --with …` put into the environment. */
export function provided(key: string): string {
  const file = process.env[key];
  if (file === undefined) throw new Error(`${key} names no file: start this with npm run check:deploy`);
  return file;
}

export interface Outcome {
  readonly isGood: boolean;
  readonly output: string;
}

export async function run(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const options = { env: { ...process.env, ...environment }, maxBuffer: outputBytesMax };
  try {
    const { stdout } = await promisify(execFile)(program, args, options);
    return { isGood: true, output: stdout };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { isGood: false, output: `${stdout}${stderr}`.trim() || String(error) };
  }
}

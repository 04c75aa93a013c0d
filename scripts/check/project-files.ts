// What the checks look at: every file of the project that git tracks or would track. Not what is built or fetched.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

export const inProject = (file: string): string => path.join(root, file);

/** Paths from the project's root, with `/`, of files whose name matches. */
export function projectFiles(name: RegExp): readonly string[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = listing.split('\0').filter((file) => name.test(file) && existsSync(inProject(file)));
  // A check that sees nothing approves everything.
  if (files.length === 0) throw new Error(`no file of the project matches ${name}`);
  return files.toSorted();
}

/** Prints the problems and sets the exit code; says how much was looked at when there are none. */
export function report(problems: readonly string[], looked: string): void {
  if (problems.length === 0) {
    console.log(`${looked}: no problem`);
    return;
  }
  for (const problem of problems) console.error(problem);
  console.error(`${looked}: ${problems.length} problem(s)`);
  process.exitCode = 1;
}

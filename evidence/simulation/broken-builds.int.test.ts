// The simulation notices every promise that is taken out of the product.
import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { changedBuild } from '../history/changed-build.ts';
import { BROKEN_BUILDS } from './broken-builds.ts';

const main = path.join(import.meta.dirname, 'main.ts');
/** The rarest is found in one run of thirty. */
const seedsMax = 600;

test.each(BROKEN_BUILDS)('notices a build that $name', async ({ changes, offences }) => {
  const found = await firstOffence({ ...process.env, ...changedBuild(changes) });
  expect(offences).toContain(found);
});

/** Its kind, in the first run that has one. */
async function firstOffence(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const arguments_ = [main, '--seed', '1', '--seeds', `${seedsMax}`, '--first'];
  const run = promisify(execFile)(process.execPath, arguments_, { env });
  const { stdout } = await run.catch((error: unknown) => error as { readonly stdout: string });
  return /^seed \d+: ([^:]+):/m.exec(stdout)?.[1];
}

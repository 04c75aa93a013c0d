// Who runs in a folder, written down: what a killed launcher left behind is ended by the next start, because two servers on one
// store destroy it.
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createWorld, endProcess, isRunning, type ProcessIdentity } from '@parley/infra/runtime';

const fileName = 'processes.json';
const endMsMax = 5_000;

/** Written aside and renamed, so that it is never half there. One call at a time. */
export async function recordProcesses(folder: string, identities: readonly ProcessIdentity[]): Promise<void> {
  const file = path.join(folder, fileName);
  await writeFile(`${file}.new`, JSON.stringify(identities));
  await rename(`${file}.new`, file);
}

/** How many there were. */
export async function endLeftovers(folder: string): Promise<number> {
  const left = (await readIdentities(folder)).filter(isRunning);
  await Promise.all(left.map((identity) => endProcess(identity, createWorld(), endMsMax)));
  return left.length;
}

async function readIdentities(folder: string): Promise<readonly ProcessIdentity[]> {
  try {
    return JSON.parse(await readFile(path.join(folder, fileName), 'utf8')) as readonly ProcessIdentity[];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

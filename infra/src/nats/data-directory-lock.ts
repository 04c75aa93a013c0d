// One live process for a data directory: a lock file that names its owner, and is void once that very process is gone.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../runtime/processes.ts';

export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
  readonly pid: number;

  constructor(directory: string, pid: number) {
    super(
      `${directory} is in use by process ${pid}: stop that one first, ` +
        'or set PARLEY_DATA_DIR, PARLEY_PORT and PARLEY_ADMIN_PORT for a second one',
    );
    this.pid = pid;
  }
}

/** Throws DataDirectoryInUse. Dispose to release. */
export async function lockDataDirectory(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, 'parley.lock');
  const content = JSON.stringify(identifyProcess(process.pid));
  while (!(await createWhole(file, content))) await removeVoid(directory, file);
  return {
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true });
    },
  };
}

/** With all its content or not at all; false when it exists. */
async function createWhole(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, content);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Takes away the lock of a dead process; what was judged is what is taken, should another starter come between. */
async function removeVoid(directory: string, file: string): Promise<void> {
  const judged = await readIfThere(file);
  if (judged === undefined) return;
  throwIfRunning(directory, judged);
  const taken = `${file}.void.${process.pid}`;
  await rename(file, taken).catch(ignoreMissing);
  const content = await readIfThere(taken);
  if (content !== undefined && content !== judged) {
    await link(taken, file).catch(() => undefined); // a third one was quicker: it will be judged next
  }
  await rm(taken, { force: true });
}

function throwIfRunning(directory: string, content: string): void {
  const owner = parseOwner(content);
  if (owner !== undefined && isRunning(owner)) throw new DataDirectoryInUse(directory, owner.pid);
}

/** Undefined when a crash of the machine left it empty or torn: its owner is gone then. */
function parseOwner(content: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(content) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(ignoreMissing);
}

function ignoreMissing(error: unknown): undefined {
  if (!hasCode(error, 'ENOENT')) throw error;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

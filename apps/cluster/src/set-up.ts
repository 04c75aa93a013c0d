// Creates the deployment, as an operator does: by `parley setup`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

const cli = path.resolve(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');

/** Rejects with what it said when it failed. */
export async function setUp(environment: NodeJS.ProcessEnv, logFile: string): Promise<void> {
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, [cli, 'setup'], { stdio: ['ignore', log, log], env: environment });
  closeSync(log);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the deployment cannot be created:\n${readFileSync(logFile, 'utf8')}`);
}

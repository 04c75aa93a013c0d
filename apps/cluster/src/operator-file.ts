// What an operator's command lines have to know, in files for the shell: where the servers are, and a password. One for the `nats`
// CLI, with that of the user who sees the servers themselves (docs/operators.md), one for `parley`.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from './cluster.ts';

/** The path of the one for `nats`; `parley.env` lies beside it. For their owner's eyes only. */
export async function writeOperatorFiles(folder: string, settingsOf: Cluster['settingsOf']): Promise<string> {
  const settings = settingsOf('operator');
  const { PARLEY_NATS_URL: urls, PARLEY_NATS_USER: user, PARLEY_NATS_PASSWORD: password } = settings;
  const { PARLEY_NATS_PASSWORD: system } = settingsOf('system');
  await write(path.join(folder, 'parley.env'), settings);
  const file = path.join(folder, 'nats.env');
  await write(file, { NATS_URL: urls, NATS_USER: user, NATS_PASSWORD: password, NATS_SYSTEM_PASSWORD: system });
  return file;
}

async function write(file: string, settings: NodeJS.ProcessEnv): Promise<void> {
  const lines = Object.entries(settings).map(([key, value]) => `export ${key}='${value ?? ''}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

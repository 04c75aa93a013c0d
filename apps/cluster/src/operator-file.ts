// What an operator's command lines have to know, in files for the shell: where the servers are, and a password. One for the `nats`
// CLI, one for `parley`.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The path of the one for `nats`; `parley.env` lies beside it. For their owner's eyes only. */
export async function writeOperatorFiles(folder: string, settings: NodeJS.ProcessEnv): Promise<string> {
  const { PARLEY_NATS_URL: urls, PARLEY_NATS_USER: user, PARLEY_NATS_PASSWORD: password } = settings;
  await write(path.join(folder, 'parley.env'), settings);
  const file = path.join(folder, 'nats.env');
  await write(file, { NATS_URL: urls, NATS_USER: user, NATS_PASSWORD: password });
  return file;
}

async function write(file: string, settings: NodeJS.ProcessEnv): Promise<void> {
  const lines = Object.entries(settings).map(([key, value]) => `export ${key}='${value ?? ''}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

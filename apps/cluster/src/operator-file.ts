// What an operator's `nats` CLI has to know, in a file for the shell: where the servers are, and a password.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Its path. For its owner's eyes only. */
export async function writeOperatorFile(folder: string, settings: NodeJS.ProcessEnv): Promise<string> {
  const file = path.join(folder, 'nats.env');
  const { PARLEY_NATS_URL: urls, PARLEY_NATS_USER: user, PARLEY_NATS_PASSWORD: password } = settings;
  const lines = [`NATS_URL=${urls}`, `NATS_USER=${user ?? ''}`, `NATS_PASSWORD=${password ?? ''}`];
  await writeFile(file, lines.map((line) => `export ${line}\n`).join(''), { mode: 0o600 });
  return file;
}

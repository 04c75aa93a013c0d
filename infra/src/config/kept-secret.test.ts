import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { keptSecret } from './kept-secret.ts';

async function inNewDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'parley-secret-'));
  try {
    await test(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

it('makes one secret for all who start at once, and keeps it for its owner alone', () =>
  inNewDirectory(async (directory) => {
    const data = path.join(directory, 'data');
    const secrets = await Promise.all(Array.from({ length: 8 }, () => keptSecret(data)));
    expect(new Set(secrets).size).toBe(1);
    expect(await keptSecret(data)).toBe(secrets[0]);
    expect(await readdir(data)).toEqual(['jwt-secret']);
    expect((await stat(path.join(data, 'jwt-secret'))).mode & 0o777).toBe(0o600);
  }));

it('does not go on with a file that holds no secret', () =>
  inNewDirectory(async (directory) => {
    await writeFile(path.join(directory, 'jwt-secret'), '\n');
    await expect(keptSecret(directory)).rejects.toThrow('holds no secret');
  }));

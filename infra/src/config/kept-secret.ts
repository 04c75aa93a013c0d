// The secret of a deployment that was given none: random, made once, kept in its data directory for its owner's eyes only.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const fileName = 'jwt-secret';
const secretBytes = 32;
const ownerOnly = 0o600;

/** The same text after every start on this directory. Throws when the directory cannot be written. */
export async function keptSecret(dataDirectory: string): Promise<string> {
  const file = path.join(dataDirectory, fileName);
  return (await readSecret(file)) ?? makeSecret(file);
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (secret.length < secretBytes)
      throw new Error(`${file} holds no secret: remove it, and everyone needs a new token`);
    return secret;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Written aside and linked, so that nobody ever reads half of it and of two starters one wins. */
async function makeSecret(file: string): Promise<string> {
  const secret = randomBytes(secretBytes).toString('base64url');
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(aside, `${secret}\n`, { mode: ownerOnly, flag: 'wx', flush: true });
  try {
    await link(aside, file);
    return secret;
  } catch (error) {
    const winner = isCode(error, 'EEXIST') ? await readSecret(file) : undefined;
    if (winner === undefined) throw error;
    return winner;
  } finally {
    await rm(aside, { force: true });
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

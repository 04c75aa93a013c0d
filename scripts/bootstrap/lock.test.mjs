import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withSetupLock } from './lock.mjs';

const pidBeyondAll = 2 ** 22 + 1; // above what Linux and macOS give out
let folder;
let lockFile;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-lock-'));
  lockFile = path.join(folder, 'lock');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

it('holds the lock for as long as the task runs, and gives its answer', async () => {
  expect(await withSetupLock(() => fs.existsSync(lockFile), lockFile)).toBe(true);
  expect(fs.existsSync(lockFile)).toBe(false);
});

it('gives the lock back when the task fails', async () => {
  const fail = () => {
    throw new Error('no network');
  };
  await expect(withSetupLock(fail, lockFile)).rejects.toThrow('no network');
  expect(fs.existsSync(lockFile)).toBe(false);
});

it('takes over the lock of a process that is gone', async () => {
  fs.writeFileSync(lockFile, `${pidBeyondAll} 12345`);
  expect(await withSetupLock(() => 'ran', lockFile)).toBe('ran');
  expect(fs.readdirSync(folder)).toEqual([]);
});

it.runIf(process.platform === 'linux')(
  'takes over the lock of a process whose number has been given to another',
  async () => {
    fs.writeFileSync(lockFile, `${process.pid} 1`);
    expect(await withSetupLock(() => 'ran', lockFile)).toBe('ran');
  },
);

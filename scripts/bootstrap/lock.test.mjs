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

it('holds the lock for as long as the task runs, and gives its answer', () => {
  expect(withSetupLock(() => fs.existsSync(lockFile), lockFile)).toBe(true);
  expect(fs.existsSync(lockFile)).toBe(false);
});

it('gives the lock back when the task fails', () => {
  const fail = () => {
    throw new Error('no network');
  };
  expect(() => withSetupLock(fail, lockFile)).toThrow('no network');
  expect(fs.existsSync(lockFile)).toBe(false);
});

it('takes over the lock of a process that is gone', () => {
  fs.writeFileSync(lockFile, `${pidBeyondAll} 12345`);
  expect(withSetupLock(() => 'ran', lockFile)).toBe('ran');
  expect(fs.readdirSync(folder)).toEqual([]);
});

it.runIf(process.platform === 'linux')(
  'takes over the lock of a process whose number has been given to another',
  () => {
    fs.writeFileSync(lockFile, `${process.pid} 1`);
    expect(withSetupLock(() => 'ran', lockFile)).toBe('ran');
  },
);

// A set-up in miniature as a process, so that it can be sent a signal: it holds the lock, and a command runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { run } from './commands.mjs';
import { inProject } from './project.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-commands-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

it('gives status and outputs, and an error for what does not exist', async () => {
  const script = `console.log('out'); console.error('err'); process.exitCode = 3;`;
  expect(await run(process.execPath, ['-e', script])).toMatchObject({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  const missing = await run('no-such-program', []);
  expect(missing).toMatchObject({ status: null, error: { code: 'ENOENT' } });
});

it('ends a command that takes too long', async () => {
  const result = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 100 });
  expect(result).toMatchObject({ status: null, error: { message: 'no end within 0.1 s' } });
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  'on %s ends the command and what that started, and only then gives up the lock',
  async (signal) => {
    const [lockFile, log] = ['lock', 'log'].map((name) => path.join(folder, `${signal}-${name}`));
    const lastDeed = `setTimeout(() => { fs.appendFileSync(${quoted(log)}, 'locked: ' + fs.existsSync(${quoted(lockFile)}) + '\\n'); process.exit(); }, 300)`;
    const slowToEnd = `const fs = require('node:fs'); process.on('SIGTERM', () => ${lastDeed}); setInterval(() => {}, 1000);`;
    const command = `
      ${slowToEnd}
      require('node:child_process').spawn(process.execPath, ['-e', ${quoted(`${slowToEnd} fs.appendFileSync(${quoted(log)}, 'up\\n');`)}]);
    `;
    const child = setUpRunning(command, lockFile);
    await expect.poll(() => fs.existsSync(log), { timeout: 5_000 }).toBe(true);
    child.kill(signal);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(fs.readFileSync(log, 'utf8')).toBe('up\nlocked: true\nlocked: true\n');
    expect(fs.existsSync(lockFile)).toBe(false);
  },
);

const quoted = (text) => JSON.stringify(text);

function setUpRunning(command, lockFile) {
  const script = `
    import { interruptible, run } from ${quoted(inProject('scripts', 'bootstrap', 'commands.mjs'))};
    import { withSetupLock } from ${quoted(inProject('scripts', 'bootstrap', 'lock.mjs'))};
    try {
      const task = () => run(process.execPath, ['-e', ${quoted(command)}]);
      await interruptible(() => withSetupLock(task, ${quoted(lockFile)}));
    } catch (error) {
      process.kill(process.pid, error.signal);
    }
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
}

// The whole way of `npm start`: the set-up (which finds everything in place) and the program it runs, as processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { inProject } from './project.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-program-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

it('hands on arguments, output and the exit code', async () => {
  const { child, output } = start('console.log(process.argv.slice(2).join()); process.exit(7);', ['a', '--b']);
  const [code] = await once(child, 'close');
  expect(code).toBe(7);
  expect(output()).toBe('a,--b\n');
});

it('lets the program and its children find Node 24 and nats-server', async () => {
  const { child, output } = start(`
    const { execFileSync } = require('node:child_process');
    console.log(execFileSync('node', ['--version'], { encoding: 'utf8' }));
    console.log(execFileSync(process.env.PARLEY_NATS_SERVER, ['--version'], { encoding: 'utf8' }));
  `);
  await once(child, 'close');
  expect(output()).toMatch(/^v(2[4-9]|[3-9]\d)[.]/);
  expect(output()).toMatch(/nats-server: v2[.]/);
});

it('hands on a signal once, however often it comes, and waits for the program', async () => {
  const { child, output, until } = start(`
    process.on('SIGTERM', () => { console.log('term'); setTimeout(() => process.exit(3), 200); });
    setInterval(() => {}, 1000);
    console.log('up');
  `);
  await until('up');
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  await until('term');
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  expect(code).toBe(3);
  expect(output()).toBe('up\nterm\n');
});

it('dies of the signal its program died of', async () => {
  const { child } = start(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`);
  const [code, signal] = await once(child, 'close');
  expect([code, signal]).toEqual([null, 'SIGKILL']);
});

function start(text, args = []) {
  const file = path.join(folder, `${Math.random().toString(36).slice(2)}.cjs`);
  fs.writeFileSync(file, text);
  const child = spawn(process.execPath, [inProject('scripts', 'bootstrap.mjs'), file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(String(chunk)));
  const output = () => chunks.join('');
  const until = async (word) => {
    while (!output().includes(word)) await once(child.stdout, 'data');
  };
  return { child, output, until };
}

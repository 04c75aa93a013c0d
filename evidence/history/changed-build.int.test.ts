import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { HASTY } from './broken-builds.ts';
import { changedBuild, type Change } from './changed-build.ts';

const acceptance = new URL('../../domain/src/acceptance.ts', import.meta.url).href;
const program = `const { ACCEPTANCE } = await import('${acceptance}'); console.log(ACCEPTANCE.notAfterMs);`;

function runWith(changes: readonly Change[]) {
  const env = { ...process.env, ...changedBuild(changes) };
  const args = ['--input-type=module', '--eval', program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr };
}

it('a program without changes is what it was', () => {
  expect(runWith([])).toMatchObject({ status: 0, stdout: '30000' });
});

it('a changed program has the changes', () => {
  expect(runWith(HASTY)).toMatchObject({ status: 0, stdout: '1500' });
});

it.each(['no such text', 'stored'])('ends loudly when "%s" does not stand exactly once', (from) => {
  const { status, stdout, stderr } = runWith([{ file: 'domain/src/acceptance.ts', from, to: '' }]);
  expect({ status, stdout }).toEqual({ status: 70, stdout: '' });
  expect(stderr).toMatch(/acceptance[.]ts: stands \d+ times, not once/);
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from './errors.ts';
import { errorsPage, limitsPage, referencePages } from './reference.ts';

const root = join(import.meta.dirname, '../..');

test.each([...referencePages()])('%s is what the tables say (run: npm run docs)', async (path, text) => {
  const committed = await readFile(join(root, path), 'utf8').catch(() => '');
  expect(committed, `${path} differs from the tables: run npm run docs`).toBe(text);
});

test('the pages name every code and the names of limits on the wire', () => {
  for (const code of ERROR_CODES) expect(errorsPage()).toMatch(new RegExp(`^\\| \`${code}\` +\\|`, 'm'));
  expect(limitsPage()).toMatch(/^\| `bodyBytesMax` +\| `body_bytes_max` +\| 16,384 +\|/m);
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { permissionsPage, permissionsPagePath } from './permissions-page.ts';

const root = path.join(import.meta.dirname, '../../..');

it('is what docs/reference/permissions.md says (run: npm run docs)', () => {
  expect(readFileSync(path.join(root, permissionsPagePath), 'utf8'), 'run: npm run docs').toBe(permissionsPage());
});

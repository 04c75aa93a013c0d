import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { configurationPage, configurationPagePath } from './configuration-page.ts';

const root = path.join(import.meta.dirname, '../../..');

it('is what docs/configuration.md says (run: npm run docs)', () => {
  expect(readFileSync(path.join(root, configurationPagePath), 'utf8'), 'run: npm run docs').toBe(configurationPage());
});

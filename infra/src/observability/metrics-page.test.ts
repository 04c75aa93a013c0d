import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { metricsPage, metricsPagePath } from './metrics-page.ts';

const root = path.join(import.meta.dirname, '../../..');

it('is what docs/reference/metrics.md says (run: npm run docs)', () => {
  expect(readFileSync(path.join(root, metricsPagePath), 'utf8'), 'run: npm run docs').toBe(metricsPage());
});

import { expect, it } from 'vitest';
import { pagesWithCode, textOf } from './included-code.ts';

const pages = pagesWithCode();

it('finds the pages that show code', () => {
  expect([...pages.keys()]).toContain('docs/guides/new-projection.md');
});

it.each([...pages])('%s shows the code as it stands (run: npm run docs)', (file, page) => {
  expect(textOf(file), 'run: npm run docs').toBe(page);
});

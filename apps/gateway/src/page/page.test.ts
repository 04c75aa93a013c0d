import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const html = readFileSync(path.join(import.meta.dirname, 'index.html'), 'utf8');
const script = /<script>(.*?)<\/script>/s.exec(html)?.[1] ?? '';

it('lets only its own script run: put this hash into its Content-Security-Policy after a change', () => {
  const hash = createHash('sha256').update(script).digest('base64');
  expect(/script-src '([^']*)'/.exec(html)?.[1]).toBe(`sha256-${hash}`);
});

it('takes nothing from outside', () => {
  expect(html).not.toMatch(/\b(src|href)\s*=\s*["']?(https?:|\/\/)|@import|url\(/);
});

it('never makes markup of what others wrote', () => {
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
});

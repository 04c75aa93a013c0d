import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { encodeEvent } from './codec.ts';
import { eventsPage, eventsPagePath, exampleEvent, HEADER_MEANINGS } from './events-page.ts';

const root = path.join(import.meta.dirname, '../../..');

it('is what docs/events.md says (run: npm run docs)', () => {
  expect(readFileSync(path.join(root, eventsPagePath), 'utf8'), 'run: npm run docs').toBe(eventsPage());
});

it('says of every field what it means, and what form it has', () => {
  const fields = eventsPage()
    .split('\n')
    .filter((line) => /^[|] `/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(fields.length).toBeGreaterThan(25);
  expect(fields.filter((cells) => cells.at(-2) === '' || cells[2] === '' || cells[2] === 'undefined')).toEqual([]);
});

it('knows every header that is written, and no other', () => {
  expect(Object.keys(HEADER_MEANINGS)).toEqual([...encodeEvent(exampleEvent, 1).headers.keys()]);
});

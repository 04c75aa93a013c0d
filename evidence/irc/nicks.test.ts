import { expect, test } from 'vitest';
import { Nicks } from './nicks.ts';

test('a nick is the same user every time, and no two nicks are one', () => {
  const nicks = new Nicks();
  const names = ['ann', '[ann]', '{ann}', '_ann_', 'me', 'operator', '', 'x'.repeat(70), `${'x'.repeat(70)}y`];
  const ids = names.map((nick) => nicks.userId(nick));
  expect(ids.slice(0, 6)).toEqual(['ann', '_ann_', '_ann_-2', '_ann_-3', 'me-2', 'operator-2']);
  expect(new Set(ids).size).toBe(names.length);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(names.map((nick) => nicks.userId(nick))).toEqual(ids);
});

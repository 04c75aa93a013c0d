import { expect, test } from 'vitest';
import { parseConnectQuery } from './connect.ts';

test.each([{}, { device: 'd', session: 's', platform: 'web' }, { device: 'd'.repeat(64), later: 'x' }])(
  'accepts %j',
  (query) => {
    expect(parseConnectQuery(query)).toEqual({ ok: query });
  },
);

test.each([
  [{ device: 'd'.repeat(65) }, /^device: must be 1 to 64/],
  [{ session: '' }, /^session: must be 1 to 64/],
  [{ platform: 'toaster' }, /^platform: must be one of/],
])('refuses %j', (query, message) => {
  expect(parseConnectQuery(query)).toMatchObject({
    error: { code: 'bad_frame', message: expect.stringMatching(message) },
  });
});

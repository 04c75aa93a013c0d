import { expect, it } from 'vitest';
import { printable, titleOf } from './describe.ts';
import { cid } from '../client/test-rig.ts';

it('shows no control characters of others', () => {
  expect(printable('a\u001b[2Jb\u0007\u009b31m\u202e')).toBe('a[2Jb31m');
  expect(printable('one\ntwo\r\nthree')).toBe('one ↵ two ↵ three');
});

it('names a direct chat by its other member and a group by its name', () => {
  const base = { conversation_id: cid, member_count: 2 };
  expect(titleOf({ ...base, type: 'group', name: 'Team' })).toBe('Team');
  expect(titleOf({ ...base, type: 'group' })).toBe('g_1');
  expect(titleOf({ ...base, type: 'direct' })).toBe('g_1');
});

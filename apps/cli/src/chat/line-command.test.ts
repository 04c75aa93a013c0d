import { expect, it } from 'vitest';
import { parseLine } from './line-command.ts';

it('says what does not begin with a slash, as it was typed', () => {
  expect(parseLine('  hello /open bob ')).toEqual({ type: 'say', text: '  hello /open bob ' });
  expect(parseLine('//etc')).toEqual({ type: 'say', text: '/etc' });
  expect(parseLine('   ')).toEqual({ type: 'nothing' });
});

it('reads commands with their users, names and numbers', () => {
  expect(parseLine('/open bob')).toEqual({ type: 'open', userId: 'bob' });
  expect(parseLine('/group "Team lunch" bob carol')).toEqual({
    type: 'group',
    name: 'Team lunch',
    userIds: ['bob', 'carol'],
  });
  expect(parseLine('/add bob')).toEqual({ type: 'add', userIds: ['bob'] });
  expect(parseLine('/use 2')).toEqual({ type: 'use', number: 2 });
  expect(parseLine('/history')).toEqual({ type: 'history', count: 20 });
  expect(parseLine('/history 500')).toEqual({ type: 'history', count: 100 });
  expect(parseLine('/leave')).toEqual({ type: 'leave' });
  expect(parseLine('/rename "Late lunch"')).toEqual({ type: 'rename', name: 'Late lunch' });
  expect(parseLine('/role bob owner')).toEqual({ type: 'role', userId: 'bob', role: 'owner' });
  expect(parseLine('/past since_join')).toEqual({ type: 'past', history: 'since_join' });
});

it.each([
  ['/opne bob', 'there is no /opne'],
  ['/open', 'needs one user id'],
  ['/open a b', 'needs one user id'],
  ['/group', '/group <name> <user…>'],
  ['/group Team', '/group <name> <user…>'],
  ['/add b*b', '"b*b" is no user id'],
  ['/rename Late lunch', 'needs a name'],
  ['/role bob king', 'needs a user id, then owner, admin or member'],
  ['/role owner', 'needs a user id, then owner, admin or member'],
  ['/past open', 'needs shared or since_join'],
  ['/use two', 'needs a number'],
  ['/use 0', 'needs a number'],
])('says what is wrong with %s', (line, reason) => {
  expect(parseLine(line)).toEqual({ type: 'wrong', reason: expect.stringContaining(reason) });
});

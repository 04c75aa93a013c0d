import { alice, bob, historyIs, renamed, roleOf, stored } from '@parley/domain/testing';
import { expect, it } from 'vitest';
import { storyEntry, storyLine } from './story.ts';

it.each([
  [renamed('Tea\u001b[2J time'), 'alice renamed the group to "Tea[2J time"'],
  [historyIs('since_join'), 'alice changed the settings (history: since_join)'],
  [roleOf(bob, 'owner'), 'alice made bob owner'],
])('tells what happened to a group: %j', (event, line) => {
  const fact = stored(7, event, { actorId: alice });
  expect(storyLine(fact)).toBe(`      #7  2023-11-14T22:13:20.000Z  -- ${line}`);
  expect(storyEntry(fact)).toMatchObject({ position: 7, actorId: 'alice', ...event });
});

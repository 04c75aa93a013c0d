// Name, settings and roles: who changes them, and what is always so.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../decider.ts';
import type { UserId } from '../ids.ts';
import {
  added,
  alice,
  bob,
  carol,
  created,
  dave,
  historyIs,
  left,
  removed,
  renamed,
  roleOf,
  stored,
  userId,
} from '../testing/facts.ts';
import { given as givenFacts } from '../testing/specification.ts';
import {
  conversation,
  decide,
  evolve,
  NO_CONVERSATION,
  presentMembers,
  visibleIntervals,
  type ConversationCommand,
  type ConversationEvent,
  type ConversationState,
} from './conversation.ts';
import type { Role } from './members.ts';

const facts = (events: readonly ConversationEvent[]): Fact<ConversationEvent>[] =>
  events.map((event, index) => stored(index + 1, event));
const given = (...events: readonly ConversationEvent[]) => givenFacts(conversation, ...facts(events));
const fold = (...events: readonly ConversationEvent[]): ConversationState =>
  facts(events).reduce<ConversationState>(evolve, NO_CONVERSATION);

const roles = ['owner', 'admin', 'member'] as const;

const rename = (actorId: UserId, name: string) => ({ type: 'rename', actorId, name }) as const;
const setHistory = (actorId: UserId, history: 'shared' | 'since_join') =>
  ({ type: 'change-settings', actorId, settings: { history } }) as const;
const changeRole = (actorId: UserId, target: UserId, role: Role) =>
  ({ type: 'change-role', actorId, userId: target, role }) as const;

/** What anybody may try with name, settings and roles. */
const attempts: readonly (readonly [string, (actorId: UserId) => ConversationCommand])[] = [
  ['renaming', (actorId) => rename(actorId, 'Team')],
  ['changing the settings', (actorId) => setHistory(actorId, 'since_join')],
  ['changing a role', (actorId) => changeRole(actorId, alice, 'member')],
];

describe.each(attempts)('%s', (_what, command) => {
  it('is refused to strangers, to who left and to who was removed', () => {
    const parted = given(created([alice, bob, carol]), left(bob), removed(carol));
    for (const actorId of [dave, bob, carol]) parted.when(command(actorId)).thenRefused({ type: 'NotAMember' });
  });

  it('is refused where there is no conversation, and in a direct chat', () => {
    given().when(command(alice)).thenRefused({ type: 'NoSuchConversation' });
    given(created([alice, bob], { kind: 'direct' }))
      .when(command(alice))
      .thenRefused({ type: 'Forbidden', reason: 'a direct chat stays as it is' });
  });
});

describe('the name of a group', () => {
  it.each(['owner', 'admin'] as const)('is changed by an %s', (role) => {
    given(created([alice]), added([bob], role))
      .when(rename(bob, 'Team'))
      .thenEvent(renamed('Team'));
  });

  it('is not for plain members to change, not even into what it is', () => {
    const named = given(created([alice, bob], { name: 'Team' }));
    for (const name of ['Team', 'Other'])
      named.when(rename(bob, name)).thenRefused({ type: 'Forbidden', reason: 'renaming the group' });
  });

  it('stays when it is given again, and is the last one that was given', () => {
    given(created([alice]), renamed('One'), renamed('Two'))
      .when(rename(alice, 'Two'))
      .thenUnchanged();
    expect(fold(created([alice], { name: 'Zero' }), renamed('One'), renamed('Two'))).toMatchObject({ name: 'Two' });
  });
});

describe('the settings of a group', () => {
  it.each(['owner', 'admin'] as const)('are changed by an %s', (role) => {
    given(created([alice]), added([bob], role))
      .when(setHistory(bob, 'since_join'))
      .thenEvent(historyIs('since_join'));
  });

  it('are not for plain members to change', () => {
    given(created([alice, bob]))
      .when(setHistory(bob, 'since_join'))
      .thenRefused({ type: 'Forbidden', reason: 'changing the settings' });
  });

  it('stay when they are as asked, and when nothing is asked', () => {
    const closed = given(created([alice]), historyIs('since_join'));
    closed.when(setHistory(alice, 'since_join')).thenUnchanged();
    closed.when({ type: 'change-settings', actorId: alice, settings: {} }).thenUnchanged();
  });

  it('open the past to all members, and close it again but for what they were there for', () => {
    const closed = [created([alice], { settings: { history: 'since_join' } }), added([bob])] as const;
    expect(visibleIntervals(fold(...closed), bob)).toEqual([{ from: 2 }]);
    expect(visibleIntervals(fold(...closed, historyIs('shared')), bob)).toEqual([{ from: 0 }]);
    const closedAgain = fold(...closed, historyIs('shared'), historyIs('since_join'));
    expect(visibleIntervals(closedAgain, bob)).toEqual([{ from: 2 }]);
  });

  it('decide what one reads who came back: the time before too, or only the times as a member', () => {
    const cameBack = [created([alice, bob]), removed(bob), added([carol]), added([bob])] as const;
    expect(visibleIntervals(fold(...cameBack), bob)).toEqual([{ from: 0 }]);
    expect(visibleIntervals(fold(...cameBack, historyIs('since_join')), bob)).toEqual([
      { from: 1, to: 2 },
      { from: 4 },
    ]);
  });

  it('open nothing to who is no member any more', () => {
    const parted = fold(created([alice, bob], { settings: { history: 'since_join' } }), left(bob), historyIs('shared'));
    expect(visibleIntervals(parted, bob)).toEqual([]);
  });
});

describe('the roles in a group', () => {
  it.each(roles.flatMap((from) => roles.filter((to) => to !== from).map((to) => [from, to] as const)))(
    'are changed by an owner: of %s to %s',
    (from, to) => {
      given(created([alice]), added([bob], from))
        .when(changeRole(alice, bob, to))
        .thenEvent(roleOf(bob, to));
    },
  );

  it.each(['admin', 'member'] as const)('are not for an actor who is %s to change, nor their own', (role) => {
    const refused = { type: 'Forbidden', reason: 'changing roles' } as const;
    const group = given(created([alice, carol]), added([bob], role));
    for (const target of [alice, bob, carol, dave]) group.when(changeRole(bob, target, 'owner')).thenRefused(refused);
  });

  it('are of members: nobody else gets one', () => {
    const group = given(created([alice, bob]), left(bob));
    for (const target of [bob, dave])
      group.when(changeRole(alice, target, 'admin')).thenRefused({ type: 'NoSuchMember' });
  });

  it('stay when they are as asked', () => {
    given(created([alice, bob]), roleOf(bob, 'admin'))
      .when(changeRole(alice, bob, 'admin'))
      .thenUnchanged();
    given(created([alice]))
      .when(changeRole(alice, alice, 'owner'))
      .thenUnchanged();
  });

  it.each([[[]], [[bob]]])('keep an owner beside %j: the last one does not give up the role', (others) => {
    given(created([alice, ...others]))
      .when(changeRole(alice, alice, 'member'))
      .thenRefused({ type: 'Forbidden', reason: 'hand over to another owner first' });
  });

  it('let an owner step down while another one is there', () => {
    given(created([alice, bob]), roleOf(bob, 'owner'))
      .when(changeRole(alice, alice, 'member'))
      .thenEvent(roleOf(alice, 'member'));
  });

  it('count at once: who was made admin adds, who no longer is does not', () => {
    const add = { type: 'add-members', actorId: bob, userIds: [carol], role: 'member' } as const;
    given(created([alice, bob]), roleOf(bob, 'admin'))
      .when(add)
      .thenEvent(added([carol]));
    given(created([alice]), added([bob], 'admin'), roleOf(bob, 'member'))
      .when(add)
      .thenRefused({ type: 'Forbidden', reason: 'adding as member' });
  });

  it('are not given to who is no member, though the log said so', () => {
    const state = fold(created([alice, bob]), left(bob), roleOf(bob, 'owner'), roleOf(dave, 'owner'));
    expect(state).toEqual(fold(created([alice, bob]), left(bob)));
    expect(presentMembers(evolve(state, stored(9, added([bob]))))).toContainEqual({ userId: bob, role: 'member' });
  });
});

const people = ['alice', 'bob', '__proto__', 'dave'].map(userId);
const aPerson = fc.constantFrom(...people);
const aRole = fc.constantFrom(...roles);

const aCommand: fc.Arbitrary<ConversationCommand> = fc.oneof(
  fc.record({ type: fc.constant('rename'), actorId: aPerson, name: fc.constantFrom('One', 'Two') }),
  fc
    .record({ actorId: aPerson, history: fc.constantFrom('shared', 'since_join') })
    .map(({ actorId, history }) => setHistory(actorId, history)),
  fc.record({
    type: fc.constant('add-members'),
    actorId: aPerson,
    userIds: fc.array(aPerson, { maxLength: 2 }),
    role: aRole,
  }),
  fc.record({ type: fc.constant('remove-member'), actorId: aPerson, userId: aPerson }),
  fc.record({ type: fc.constant('leave'), actorId: aPerson }),
  fc.record({ type: fc.constant('change-role'), actorId: aPerson, userId: aPerson, role: aRole }),
);

/** Every state on the way, with the event that led there. */
function* ways(commands: readonly ConversationCommand[]) {
  let state = evolve(NO_CONVERSATION, stored(1, created([alice, bob])));
  for (const [index, command] of commands.entries()) {
    const before = state;
    const decision = decide(command, state);
    if (decision.type === 'Accepted') state = evolve(state, stored(index + 2, decision.event));
    yield { command, decision, before, state };
  }
}

describe('any history of a group', () => {
  const anyHistory = fc.array(aCommand, { maxLength: 40 });

  it('keeps an owner while somebody is there', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        for (const { state } of ways(commands)) {
          const there = presentMembers(state);
          expect(there.length === 0 || there.some(({ role }) => role === 'owner')).toBe(true);
        }
      }),
    );
  });

  it('has no event that changes nothing: asked again at once, a command is none', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        for (const { command, decision, before, state } of ways(commands)) {
          if (decision.type !== 'Accepted') continue;
          expect(state).not.toEqual(before);
          const again = decide(command, state);
          expect(again.type).not.toBe('Accepted');
        }
      }),
    );
  });

  it('was made by members alone, plain ones changing nothing but that they leave', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        for (const { command, decision, before } of ways(commands)) {
          if (decision.type !== 'Accepted') continue;
          const role = presentMembers(before).find(({ userId: id }) => id === command.actorId)?.role;
          const may = { owner: true, admin: decision.event.type !== 'conversation.role_changed', member: false };
          expect(decision.event.type === 'conversation.member_left' || (role !== undefined && may[role])).toBe(true);
          expect(role).toBeDefined();
        }
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { Fact } from '../decider.ts';
import type { UserId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  added,
  alice,
  at,
  bob,
  carol,
  created,
  dave,
  left,
  removed,
  roleOf,
  stored,
  userId,
} from '../testing/facts.ts';
import { given as givenFacts } from '../testing/specification.ts';
import {
  conversation,
  decide,
  DEFAULT_SETTINGS,
  evolve,
  NO_CONVERSATION,
  type ConversationEvent,
  type CreateConversation,
} from './conversation.ts';

/** Each at its place in the log, from 1. */
const given = (...events: readonly ConversationEvent[]) =>
  givenFacts(conversation, ...events.map((event, index): Fact<ConversationEvent> => stored(index + 1, event)));

const create = (others: Partial<CreateConversation> = {}): CreateConversation => ({
  type: 'create',
  actorId: alice,
  kind: 'group',
  memberIds: [bob],
  settings: DEFAULT_SETTINGS,
  bodyHash: 'asked',
  ...others,
});

const users = (count: number, prefix = 'user'): UserId[] =>
  Array.from({ length: count }, (_, index) => userId(`${prefix}${index}`));

describe('creating a conversation', () => {
  it('makes a group of its creator and the others, each once', () => {
    given()
      .when(create({ memberIds: [bob, carol, bob, alice] }))
      .thenEvent(created([alice, bob, carol]));
  });

  it('keeps the name and the settings that were asked for', () => {
    const asked = { name: 'Team', settings: { history: 'since_join' } } as const;
    given()
      .when(create(asked))
      .thenEvent(created([alice, bob], asked));
  });

  it('makes a group of one', () => {
    given()
      .when(create({ memberIds: [] }))
      .thenEvent(created([alice]));
  });

  it('makes a direct chat of two', () => {
    given()
      .when(create({ kind: 'direct' }))
      .thenEvent(created([alice, bob], { kind: 'direct' }));
  });

  it.each([
    ['oneself', [alice]],
    ['nobody', []],
    ['two others', [bob, carol]],
  ])('refuses a direct chat with %s', (_who, memberIds) => {
    given()
      .when(create({ kind: 'direct', memberIds }))
      .thenRefused({ type: 'InvalidConversation', reason: 'a direct chat has exactly one other member' });
  });

  it('takes as many members as a group may have, the creator included', () => {
    const memberIds = users(LIMITS.groupMembersMax - 1);
    given()
      .when(create({ memberIds }))
      .thenEvent(created([alice, ...memberIds]));
  });

  it('refuses one member more', () => {
    const memberIds = users(LIMITS.groupMembersMax);
    given().when(create({ memberIds })).thenRefused({ type: 'TooManyMembers', max: LIMITS.groupMembersMax });
  });

  it('changes nothing when the same group is asked for again', () => {
    given(created([alice, bob]))
      .when(create({ bodyHash: 'hash-1' }))
      .thenUnchanged();
  });

  it('refuses the same key with another content', () => {
    given(created([alice, bob]))
      .when(create({ bodyHash: 'other' }))
      .thenRefused({ type: 'IdempotencyMismatch' });
  });

  it('changes nothing when the other one opens the same direct chat', () => {
    given(created([alice, bob], { kind: 'direct' }))
      .when(create({ kind: 'direct', actorId: bob, memberIds: [alice], bodyHash: 'other' }))
      .thenUnchanged();
  });
});

describe('adding members', () => {
  const add = (actorId: UserId, userIds: readonly UserId[], role: 'owner' | 'admin' | 'member' = 'member') =>
    ({ type: 'add-members', actorId, userIds, role }) as const;

  it('is one event for all, each once', () => {
    given(created([alice]))
      .when(add(alice, [bob, carol, bob]))
      .thenEvent(added([bob, carol]));
  });

  it('leaves out those who are members already, whatever their role', () => {
    given(created([alice, bob]))
      .when(add(alice, [bob, carol], 'admin'))
      .thenEvent(added([carol], 'admin'));
  });

  it('changes nothing when all are members already', () => {
    given(created([alice, bob]))
      .when(add(alice, [bob, alice], 'owner'))
      .thenUnchanged();
  });

  it('changes nothing when nobody is named', () => {
    given(created([alice]))
      .when(add(alice, []))
      .thenUnchanged();
  });

  it('adds again someone who was removed', () => {
    given(created([alice, bob]), removed(bob))
      .when(add(alice, [bob]))
      .thenEvent(added([bob]));
  });

  it.each(['owner', 'admin', 'member'] as const)('lets an owner add a %s', (role) => {
    given(created([alice]))
      .when(add(alice, [bob], role))
      .thenEvent(added([bob], role));
  });

  it('lets an admin add plain members', () => {
    given(created([alice]), added([bob], 'admin'))
      .when(add(bob, [carol]))
      .thenEvent(added([carol]));
  });

  it.each([
    ['admin', 'admin'],
    ['admin', 'owner'],
    ['member', 'member'],
    ['member', 'admin'],
    ['member', 'owner'],
  ] as const)('forbids that an actor who is %s adds a %s', (actorRole, role) => {
    given(created([alice]), added([bob], actorRole))
      .when(add(bob, [carol], role))
      .thenRefused({ type: 'Forbidden', reason: `adding as ${role}` });
  });

  it('refuses a stranger, a member who had left and one who was removed', () => {
    const parted = given(created([alice, bob, carol]), left(bob), removed(carol));
    for (const actorId of [dave, bob, carol]) parted.when(add(actorId, [dave])).thenRefused({ type: 'NotAMember' });
  });

  it('refuses it in a conversation that is not there', () => {
    given()
      .when(add(alice, [bob]))
      .thenRefused({ type: 'NoSuchConversation' });
  });

  it('forbids it in a direct chat', () => {
    given(created([alice, bob], { kind: 'direct' }))
      .when(add(alice, [carol]))
      .thenRefused({ type: 'Forbidden', reason: 'a direct chat stays as it is' });
  });

  it('fills a group to the last place, and no further', () => {
    const almostFull = given(created([alice, ...users(LIMITS.groupMembersMax - 2)]));
    almostFull.when(add(alice, [bob])).thenEvent(added([bob]));
    almostFull.when(add(alice, [bob, carol])).thenRefused({ type: 'TooManyMembers', max: LIMITS.groupMembersMax });
  });

  it('counts only present members against the size of a group', () => {
    const full = [alice, ...users(LIMITS.groupMembersMax - 1)];
    given(created(full), left(userId('user0')))
      .when(add(alice, [bob]))
      .thenEvent(added([bob]));
  });

  it('counts every join there ever was against the joins it remembers', () => {
    const joins = LIMITS.membershipIntervalsMax - 2; // with the owner's, one is free
    const opened = evolve(NO_CONVERSATION, stored(1, created([alice])));
    if (opened.type === 'none') throw new Error('it was created');
    const intervals = Array.from({ length: joins }, (_, index) => ({ from: at(2 * index + 2), to: at(2 * index + 3) }));
    const state = { ...opened, members: new Map(opened.members).set(bob, { role: 'member', intervals }) };
    expect(decide(add(alice, [carol]), state)).toEqual({ type: 'Accepted', event: added([carol]) });
    expect(decide(add(alice, [carol, dave]), state)).toMatchObject({ refusal: { type: 'TooManyMembers' } });
    expect(decide(add(alice, [bob, carol]), state)).toMatchObject({ refusal: { type: 'TooManyMembers' } });
  });
});

describe('removing a member', () => {
  const remove = (actorId: UserId, userId: UserId) => ({ type: 'remove-member', actorId, userId }) as const;

  it.each(['owner', 'admin', 'member'] as const)('lets an owner remove a %s', (role) => {
    given(created([alice]), added([bob], role))
      .when(remove(alice, bob))
      .thenEvent(removed(bob));
  });

  it('lets an admin remove a plain member', () => {
    given(created([alice, carol]), added([bob], 'admin'))
      .when(remove(bob, carol))
      .thenEvent(removed(carol));
  });

  it.each([
    ['admin', 'admin'],
    ['admin', 'owner'],
    ['member', 'member'],
    ['member', 'admin'],
    ['member', 'owner'],
  ] as const)('forbids that an actor who is %s removes a %s', (actorRole, role) => {
    given(created([alice]), added([bob], actorRole), added([carol], role))
      .when(remove(bob, carol))
      .thenRefused({ type: 'Forbidden', reason: `removing a ${role}` });
  });

  it('changes nothing for someone who is no member, or none any more', () => {
    given(created([alice, bob]), removed(bob))
      .when(remove(alice, bob))
      .thenUnchanged();
    given(created([alice]))
      .when(remove(alice, dave))
      .thenUnchanged();
  });

  it('refuses actors who are no members, even when the target is none either', () => {
    given(created([alice, bob]), left(bob))
      .when(remove(bob, alice))
      .thenRefused({ type: 'NotAMember' });
    given(created([alice, bob]), left(bob))
      .when(remove(dave, bob))
      .thenRefused({ type: 'NotAMember' });
  });

  it('refuses it in a conversation that is not there', () => {
    given().when(remove(alice, bob)).thenRefused({ type: 'NoSuchConversation' });
  });

  it('forbids it in a direct chat', () => {
    given(created([alice, bob], { kind: 'direct' }))
      .when(remove(alice, bob))
      .thenRefused({ type: 'Forbidden', reason: 'a direct chat stays as it is' });
  });
});

describe('leaving', () => {
  const leave = (actorId: UserId) => ({ type: 'leave', actorId }) as const;

  it.each(['owner', 'admin', 'member'] as const)('is open to every %s while an owner stays', (role) => {
    given(created([alice]), added([bob], role))
      .when(leave(bob))
      .thenEvent(left(bob));
  });

  it('is not open to the last owner while others are members', () => {
    given(created([alice]), added([bob], 'admin'))
      .when(leave(alice))
      .thenRefused({ type: 'Forbidden', reason: 'hand over to another owner first' });
  });

  it('is open to who has handed over, and to the last member', () => {
    given(created([alice, bob]), roleOf(bob, 'owner'))
      .when(leave(alice))
      .thenEvent(left(alice));
    given(created([alice, bob]), left(bob))
      .when(leave(alice))
      .thenEvent(left(alice));
  });

  it('is handing over to a member, not to one who is gone', () => {
    given(created([alice, bob, carol]), roleOf(bob, 'owner'), left(bob))
      .when(leave(alice))
      .thenRefused({ type: 'Forbidden', reason: 'hand over to another owner first' });
  });

  it('changes nothing the second time, nor after a removal', () => {
    given(created([alice, bob]), left(bob))
      .when(leave(bob))
      .thenUnchanged();
    given(created([alice, bob]), removed(bob))
      .when(leave(bob))
      .thenUnchanged();
  });

  it('refuses a stranger, and in a conversation that is not there', () => {
    given(created([alice, bob]))
      .when(leave(dave))
      .thenRefused({ type: 'NotAMember' });
    given().when(leave(alice)).thenRefused({ type: 'NoSuchConversation' });
  });

  it('is not possible in a direct chat', () => {
    given(created([alice, bob], { kind: 'direct' }))
      .when(leave(bob))
      .thenRefused({ type: 'Forbidden', reason: 'a direct chat stays as it is' });
  });
});

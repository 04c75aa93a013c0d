import { evolve, NO_CONVERSATION, type ConversationEvent, type ConversationState, type UserId } from '@parley/domain';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  at,
  bob,
  carol,
  created,
  dave,
  historyIs,
  left,
  removed,
  renamed,
  roleOf,
  said,
  stored,
} from '@parley/domain/testing';
import { audience, type Told } from './audience.ts';

const stateOf = (...events: readonly ConversationEvent[]): ConversationState =>
  events.reduce<ConversationState>((state, event, index) => evolve(state, stored(index + 1, event)), NO_CONVERSATION);

/** What each user is told of the last of these events; `state` is that after all of them. */
function toldOf(events: readonly ConversationEvent[], position = events.length, state = stateOf(...events)) {
  const event = events[position - 1];
  if (!event) throw new RangeError(`no event at ${position}`);
  return byUser(audience({ stored: stored(position, event), prev: at(position - 1), state }));
}

function byUser(told: readonly Told[]): ReadonlyMap<UserId, readonly object[]> {
  const frames = new Map<UserId, object[]>();
  for (const { frame, userIds } of told) {
    for (const userId of userIds) frames.set(userId, [...(frames.get(userId) ?? []), frame]);
  }
  return frames;
}

const usersOf = (told: ReadonlyMap<UserId, unknown>): readonly UserId[] => [...told.keys()].toSorted();

describe('a message', () => {
  const toldOfMessage = (position: number, state: ConversationState) =>
    audience({ stored: stored(position, said('hello')), prev: at(position - 1), state });

  it('is one frame for all members at that position, the sender included', () => {
    const told = toldOfMessage(2, stateOf(created([alice, bob])));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      userIds: [alice, bob],
      frame: { type: 'message', message_id: '2', prev_id: '1', sender_id: 'alice', body: 'hello' },
    });
  });

  it('is for those who were members then, however much changed since', () => {
    const state = stateOf(created([alice, bob]), removed(bob), added([carol]), left(alice));
    const users = (position: number) => toldOfMessage(position + 0.5, state)[0]?.userIds;
    expect(users(1)).toEqual([alice, bob]);
    expect(users(2)).toEqual([alice]);
    expect(users(3)).toEqual([alice, carol]);
    expect(users(4)).toEqual([carol]);
  });

  it('is for nobody where there is no conversation', () => {
    expect(byUser(toldOfMessage(1, NO_CONVERSATION))).toEqual(new Map());
  });
});

describe('a new conversation', () => {
  it('is told to all members of a group with its summary, by one frame', () => {
    const told = audience({
      stored: stored(1, created([alice, bob])),
      prev: at(0),
      state: stateOf(created([alice, bob])),
    });
    expect(told).toHaveLength(1);
    expect(told[0]?.userIds).toEqual([alice, bob]);
    expect(told[0]?.frame).toMatchObject({
      type: 'conversation',
      prev_id: '0',
      event: { type: 'created', conversation: { type: 'group', member_count: 2 } },
    });
  });

  it('shows each member of a direct chat the other one', () => {
    const told = toldOf([created([alice, bob], { kind: 'direct' })]);
    expect(usersOf(told)).toEqual([alice, bob]);
    expect(told.get(alice)).toMatchObject([{ event: { conversation: { peer_id: 'bob' } } }]);
    expect(told.get(bob)).toMatchObject([{ event: { conversation: { peer_id: 'alice' } } }]);
  });
});

describe('new members', () => {
  it('are told with the summary, and the others without, each once', () => {
    const told = toldOf([created([alice, bob]), added([carol, dave], 'admin')]);
    expect(usersOf(told)).toEqual([alice, bob, carol, dave]);
    for (const frames of told.values()) {
      expect(frames).toMatchObject([{ event: { type: 'members_added', user_ids: ['carol', 'dave'], role: 'admin' } }]);
    }
    for (const id of [carol, dave]) {
      expect(told.get(id)).toMatchObject([{ event: { conversation: { type: 'group', member_count: 4 } } }]);
    }
    for (const id of [alice, bob]) expect(told.get(id)?.[0]).not.toHaveProperty('event.conversation');
  });

  it('hear nothing of what was before them', () => {
    const events = [created([alice]), removed(bob), added([carol])];
    expect(usersOf(toldOf(events, 1))).toEqual([alice]);
    expect(usersOf(toldOf(events, 2))).toEqual([alice]);
  });
});

describe('a member who goes', () => {
  it.each([
    ['is removed', removed(bob), { type: 'member_removed', user_id: 'bob' }],
    ['leaves', left(bob), { type: 'member_left', user_id: 'bob' }],
  ])('hears of it when he %s, and nothing after', (_how, event, change) => {
    const events = [created([alice, bob]), event, added([carol])];
    const told = toldOf(events, 2);
    expect(usersOf(told)).toEqual([alice, bob]);
    expect(told.get(bob)).toMatchObject([{ event: change }]);
    expect(usersOf(toldOf(events, 3))).toEqual([alice, carol]);
  });

  it('hears again from where they are added again, with the summary', () => {
    const events = [created([alice, bob]), removed(bob), removed(dave), added([bob])];
    expect(usersOf(toldOf(events, 3))).toEqual([alice]);
    expect(toldOf(events, 4).get(bob)).toMatchObject([{ event: { conversation: { member_count: 2 } } }]);
  });
});

describe('a new name, new settings and a new role', () => {
  const changes = [renamed('Team'), historyIs('since_join'), roleOf(bob, 'admin')];
  it.each(changes)('are told by one frame to who is a member then: $type', (event) => {
    const state = stateOf(created([alice, bob, carol]), removed(carol), event, added([dave]));
    const told = audience({ stored: stored(3, event), prev: at(2), state });
    expect(told).toMatchObject([{ userIds: [alice, bob], frame: { type: 'conversation', position: '3' } }]);
  });
});

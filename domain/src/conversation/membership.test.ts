import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserId } from '../ids.ts';
import {
  added,
  alice,
  at,
  bob,
  carol,
  created,
  historyIs,
  left,
  removed,
  renamed,
  roleOf,
  stored,
  userId,
} from '../testing/facts.ts';
import {
  decide,
  evolve,
  isMember,
  membersAt,
  NO_CONVERSATION,
  presentMembers,
  visibleIntervals,
  wasMemberAt,
  type ConversationCommand,
  type ConversationEvent,
  type ConversationState,
} from './conversation.ts';

const people = ['alice', 'bob', '__proto__', 'constructor', 'dave'].map(userId);
const aPerson = fc.constantFrom(...people);
const aRole = fc.constantFrom('owner', 'admin', 'member');
const somePeople = fc.array(aPerson, { maxLength: 4 });

const aCommand: fc.Arbitrary<ConversationCommand> = fc.oneof(
  fc.record({ type: fc.constant('add-members'), actorId: aPerson, userIds: somePeople, role: aRole }),
  fc.record({ type: fc.constant('remove-member'), actorId: aPerson, userId: aPerson }),
  fc.record({ type: fc.constant('leave'), actorId: aPerson }),
  fc.record({ type: fc.constant('change-role'), actorId: aPerson, userId: aPerson, role: aRole }),
  fc.record({ type: fc.constant('rename'), actorId: aPerson, name: fc.string({ minLength: 1 }) }),
);

const anEvent: fc.Arbitrary<ConversationEvent> = fc.oneof(
  fc
    .record({ memberIds: somePeople, kind: fc.constantFrom('group', 'direct') })
    .map((one) => created(one.memberIds, one)),
  fc.record({ userIds: somePeople, role: aRole }).map(({ userIds, role }) => added(userIds, role)),
  aPerson.map(removed),
  aPerson.map(left),
  fc.string().map(renamed),
  fc.constantFrom('shared' as const, 'since_join' as const).map(historyIs),
  fc.record({ id: aPerson, role: aRole }).map(({ id, role }) => roleOf(id, role)),
);

const fold = (events: readonly ConversationEvent[], from: ConversationState = NO_CONVERSATION): ConversationState =>
  events.reduce((state, event, index) => evolve(state, stored(index + 1, event)), from);

/** The plainest model there is: for each position, who was there when it happened or was sent away by it. */
function history(steps: readonly { readonly gap: number; readonly command: ConversationCommand }[]) {
  let state: ConversationState = evolve(NO_CONVERSATION, stored(1, created([alice, bob])));
  const present = new Set<UserId>([alice, bob]);
  const membersByPosition: ReadonlySet<UserId>[] = [new Set(), new Set(present)];
  for (const { gap, command } of steps) {
    for (let i = 0; i < gap; i++) membersByPosition.push(new Set(present)); // other conversations, or messages
    const decision = decide(command, state);
    if (decision.type !== 'Accepted') continue;
    const { event } = decision;
    const before = new Set(present);
    if (event.type === 'conversation.members_added') for (const id of event.userIds) present.add(id);
    if ('userId' in event && !('role' in event)) present.delete(event.userId);
    state = evolve(state, stored(membersByPosition.length, event));
    membersByPosition.push(before.union(present));
  }
  return { state, present, membersByPosition };
}

const aHistory = fc.array(fc.record({ gap: fc.nat({ max: 2 }), command: aCommand }), { maxLength: 30 }).map(history);

describe('who was a member when', () => {
  it('has one answer for every position, from the state at the end of any history', () => {
    fc.assert(
      fc.property(aHistory, ({ state, membersByPosition }) => {
        membersByPosition.forEach((members, position) => {
          for (const id of people) expect(wasMemberAt(state, id, at(position))).toBe(members.has(id));
        });
      }),
    );
  });

  it('is the same whether one asks for one or for all', () => {
    fc.assert(
      fc.property(aHistory, ({ state, membersByPosition }) => {
        membersByPosition.forEach((_, position) => {
          const all = membersAt(state, at(position));
          expect(all).toHaveLength(new Set(all).size);
          expect(new Set(all)).toEqual(new Set(people.filter((id) => wasMemberAt(state, id, at(position)))));
        });
      }),
    );
  });

  it('is at the end who is a member now', () => {
    fc.assert(
      fc.property(aHistory, ({ state, present }) => {
        expect(new Set(presentMembers(state).map(({ userId }) => userId))).toEqual(present);
        for (const id of people) expect(isMember(state, id)).toBe(present.has(id));
      }),
    );
  });

  it('does not change with what happens later', () => {
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 20 }), fc.nat(20), (events, cut) => {
        const early = fold([created([alice, bob]), ...events.slice(0, cut)]);
        const late = fold([created([alice, bob]), ...events]);
        for (let position = 0; position <= Math.min(cut, events.length) + 1; position++) {
          const then = membersAt(early, at(position));
          // Who was sent away at the cut was there until then; who comes later was not.
          expect(new Set(membersAt(late, at(position)))).toEqual(new Set(then));
        }
      }),
    );
  });

  it('keeps intervals in order, none overlapping, and only the last open', () => {
    fc.assert(
      fc.property(aHistory, ({ state }) => {
        if (state.type === 'none') throw new Error('it was created');
        for (const { intervals } of state.members.values()) {
          const ends = intervals.flatMap(({ from, to }) => [from, to ?? Infinity]);
          expect(ends).toEqual(ends.toSorted((a, b) => a - b));
          expect(intervals.slice(0, -1).every(({ to }) => to !== undefined)).toBe(true);
          expect(new Set(intervals.map(({ from }) => from)).size).toBe(intervals.length);
        }
      }),
    );
  });

  it('includes the event that brought someone in and the one that sent them away, and nothing beyond', () => {
    const state = fold([created([alice]), added([bob]), removed(bob), added([carol])]);
    const asked = [1, 2, 3, 4].map((position) => wasMemberAt(state, bob, at(position)));
    expect(asked).toEqual([false, true, true, false]);
  });
});

describe('folding', () => {
  it('takes any event in any state, and changes no state it was given', () => {
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 30 }), (events) => {
        let state: ConversationState = NO_CONVERSATION;
        for (const [index, event] of events.entries()) {
          const before = structuredClone(state);
          const next = evolve(state, stored(index + 1, event));
          expect(state).toEqual(before);
          expect(next.type).toBe(state.type === 'open' || event.type === 'conversation.created' ? 'open' : 'none');
          state = next;
        }
      }),
    );
  });

  it('ignores a second creation', () => {
    const state = fold([created([alice, bob])]);
    expect(evolve(state, stored(9, created([carol]), { actorId: carol }))).toBe(state);
  });

  it('makes the creator of a group its owner, and nobody that of a direct chat', () => {
    expect(presentMembers(fold([created([alice, bob])]))).toEqual([
      { userId: alice, role: 'owner' },
      { userId: bob, role: 'member' },
    ]);
    const direct = presentMembers(fold([created([alice, bob], { kind: 'direct' })]));
    expect(direct.map(({ role }) => role)).toEqual(['member', 'member']);
  });

  it('leaves a member as they are who is added without having left', () => {
    const state = fold([created([alice, bob, bob]), added([alice, bob, carol, carol], 'admin')]);
    expect(presentMembers(state)).toEqual([
      { userId: alice, role: 'owner' },
      { userId: bob, role: 'member' },
      { userId: carol, role: 'admin' },
    ]);
    if (state.type === 'none') throw new Error('it was created');
    expect([...state.members.values()].map(({ intervals }) => intervals)).toEqual([
      [{ from: 1 }],
      [{ from: 1 }],
      [{ from: 2 }],
    ]);
  });

  it('gives someone who is added again the role of the new joining', () => {
    const state = fold([created([alice]), added([bob], 'admin'), removed(bob), added([bob])]);
    expect(presentMembers(state)).toContainEqual({ userId: bob, role: 'member' });
  });
});

describe('what a member may read', () => {
  const sinceJoin = { settings: { history: 'since_join' } } as const;

  it('is everything where history is shared, however often one came and went', () => {
    expect(visibleIntervals(fold([created([alice]), added([bob])]), bob)).toEqual([{ from: 0 }]);
    const again = fold([created([alice]), added([bob]), left(bob), added([bob])]);
    expect(visibleIntervals(again, bob)).toEqual([{ from: 0 }]);
  });

  it('is what happened while one was there where it is not', () => {
    const state = fold([created([alice], sinceJoin), added([bob]), removed(bob), added([carol]), added([bob])]);
    expect(visibleIntervals(state, bob)).toEqual([{ from: 2, to: 3 }, { from: 5 }]);
    expect(visibleIntervals(state, carol)).toEqual([{ from: 4 }]);
  });

  it.each([sinceJoin, {}])('is nothing for who left, for strangers, and where there is no conversation', (settings) => {
    const state = fold([created([alice, bob], settings), left(bob)]);
    expect(visibleIntervals(state, bob)).toEqual([]);
    expect(visibleIntervals(state, carol)).toEqual([]);
    expect(visibleIntervals(NO_CONVERSATION, alice)).toEqual([]);
    expect(membersAt(NO_CONVERSATION, at(1))).toEqual([]);
    expect(wasMemberAt(NO_CONVERSATION, alice, at(1))).toBe(false);
  });
});

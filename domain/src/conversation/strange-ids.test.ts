import { describe, expect, it } from 'vitest';
import { added, alice, created, left, stored, userId } from '../testing/facts.ts';
import { given } from '../testing/specification.ts';
import { conversation, decide, evolve, isMember, NO_CONVERSATION } from './conversation.ts';

describe('user ids that are names of object members', () => {
  const strange = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'].map(userId);

  it('are no members of a conversation they never joined', () => {
    const state = evolve(NO_CONVERSATION, stored(1, created([alice])));
    for (const id of strange) {
      expect(isMember(state, id)).toBe(false);
      expect(decide({ type: 'leave', actorId: id }, state)).toMatchObject({ refusal: { type: 'NotAMember' } });
    }
  });

  it('join, act and leave like everyone', () => {
    given(conversation, stored(1, created([alice])))
      .when({ type: 'add-members', actorId: alice, userIds: strange, role: 'member' })
      .thenEvent(added(strange));
    for (const id of strange)
      given(conversation, stored(1, created([alice, ...strange])))
        .when({ type: 'leave', actorId: id })
        .thenEvent(left(id));
  });
});

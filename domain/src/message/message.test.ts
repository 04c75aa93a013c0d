import { describe, expect, it } from 'vitest';
import { evolve, NO_CONVERSATION, type ConversationEvent } from '../conversation/conversation.ts';
import type { UserId } from '../ids.ts';
import { added, alice, at, bob, carol, created, dave, left, removed, said, stored } from '../testing/facts.ts';
import { decideMessage } from './message.ts';

const { type: _, ...hello } = said('hello');

function sending(actorId: UserId, message: typeof hello, ...events: readonly ConversationEvent[]) {
  const state = events.reduce(
    (before, event, index) => evolve(before, stored(index + 1, event)),
    NO_CONVERSATION as ReturnType<typeof evolve>,
  );
  return decideMessage({ type: 'send', actorId, message }, state);
}

describe('sending a message', () => {
  it('is accepted from every member, whatever the role', () => {
    const history = [created([alice, bob]), added([carol], 'admin')];
    for (const member of [alice, bob, carol]) {
      expect(sending(member, hello, ...history)).toEqual({ type: 'Accepted', event: said('hello') });
    }
  });

  it('is accepted from both members of a direct chat', () => {
    const direct = created([alice, bob], { kind: 'direct' });
    expect(sending(alice, hello, direct).type).toBe('Accepted');
    expect(sending(bob, hello, direct).type).toBe('Accepted');
  });

  it('stores all that was said and nothing else', () => {
    const message = { ...hello, replyTo: at(3), threadId: at(2), mentions: [{ userId: bob, offset: 0, length: 5 }] };
    expect(sending(alice, message, created([alice, bob]))).toEqual({
      type: 'Accepted',
      event: { type: 'message.sent', ...message },
    });
  });

  it('refuses a message from a stranger, from a member who had left and from one who was removed', () => {
    const history = [created([alice, bob, carol]), left(bob), removed(carol)];
    for (const sender of [dave, bob, carol]) {
      expect(sending(sender, hello, ...history)).toEqual({ type: 'Refused', refusal: { type: 'NotAMember' } });
    }
  });

  it('accepts one again from a member who came back', () => {
    expect(sending(bob, hello, created([alice, bob]), left(bob), added([bob])).type).toBe('Accepted');
  });

  it('refuses it where there is no conversation', () => {
    expect(sending(alice, hello)).toEqual({ type: 'Refused', refusal: { type: 'NoSuchConversation' } });
  });
});

import { describe, expect, it } from 'vitest';
import type { ClientMessageId, ConversationEvent, ConversationId, MessageSent, UserId } from '@parley/domain';
import { historyIs, renamed, roleOf, stored } from '@parley/domain/testing';
import { createRedaction, redactText } from './redact.ts';

const bob = 'bob' as UserId;
const ann = 'ann_with_a_long_name' as UserId;
const clientMsgId = '0190a0b0-0000-7000-8000-000000000001' as ClientMessageId;
const sent = (body: string): MessageSent => ({
  type: 'message.sent',
  clientMsgId,
  body,
  bodyType: 'text',
  mentions: [{ userId: bob, offset: 3, length: 4 }],
});

describe('a redaction', () => {
  it('gives one id the same other id everywhere, another one another, and shows neither', () => {
    const redaction = createRedaction();
    const said = redaction.event(stored(2, sent('hi @bob'), { actorId: ann }));
    const joined = redaction.event(
      stored(3, { type: 'conversation.members_added', userIds: [ann, bob], role: 'member' }),
    );
    const mentioned = said.event.type === 'message.sent' ? said.event.mentions?.[0] : undefined;
    expect(joined.event).toMatchObject({ userIds: [said.actorId, mentioned?.userId] });
    expect(mentioned).toMatchObject({ offset: 3, length: 4 });
    expect(new Set([said.actorId, mentioned?.userId]).size).toBe(2);
    expect(JSON.stringify([said, joined])).not.toMatch(/\bbob\b|ann_with|hi @/);
    expect(said.actorId).toHaveLength(32);
    expect(mentioned?.userId).toHaveLength(8);
  });

  it('hides names and ids of what happens to a group, and keeps its settings and roles', () => {
    const redact = (event: ConversationEvent) => createRedaction().event(stored(3, event)).event;
    expect(redact(renamed('The Merger'))).toEqual(renamed('xxxxxxxxxxxxxxxx'));
    expect(redact(historyIs('since_join'))).toEqual(historyIs('since_join'));
    const changed = redact(roleOf(bob, 'admin'));
    expect(changed).toMatchObject({ type: 'conversation.role_changed', role: 'admin' });
    expect(JSON.stringify(changed)).not.toContain('bob');
  });

  it('is another one for each bundle', () => {
    const id = 'g_one' as ConversationId;
    const [one, other] = [createRedaction().conversationId(id), createRedaction().conversationId(id)];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^g_[A-Za-z0-9_-]{6}$/);
  });

  it('keeps what folding needs: positions, times, the kind of ids', () => {
    const before = stored(7, sent('hello'), { storedTs: 5, notAfterTs: 4 });
    const after = createRedaction().event(before);
    expect(after).toMatchObject({ position: 7, storedTs: 5, notAfterTs: 4, decidedOn: before.decidedOn });
    const { clientMsgId: id } = after.event as MessageSent;
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(clientMsgId);
  });

  it.each([
    ['', ''],
    ['secret', 'xxxxxxxx'],
    ['twelve chars', 'x'.repeat(16)],
    ['größe', 'xxßßxxxx'],
    ['日本👍', '語語🙂xxxx'],
  ])('turns "%s" into "%s"', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });
});

import type { ChatEvent, ConversationId, StoredEvent, UserId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  at,
  bob,
  created,
  createTestLog,
  createTestWorld,
  left,
  removed,
  said,
  startTs,
} from '@parley/domain/testing';
import { createTail } from '../tail.ts';
import { createTestConversations, project } from '../testing/stores.ts';
import { createConversationList } from './conversation-list.ts';
import { conversations } from './conversations.ts';

const [one, two, three] = ['g_one', 'g_two', 'g_three'].map((id) => id as ConversationId) as [
  ConversationId,
  ConversationId,
  ConversationId,
];

type Step = readonly [ConversationId, ChatEvent, Partial<StoredEvent>?];

/** The list over a log of these events, of which the projector has stored only the first ones. */
async function listed(steps: readonly Step[], storedEvents = steps.length) {
  const log = createTestLog();
  let storedTs = startTs;
  for (const [conversationId, event, others] of steps)
    log.put(event, { conversationId, storedTs: storedTs++, ...others });
  const world = createTestWorld();
  const store = createTestConversations();
  await project(conversations, store, log.events().slice(0, storedEvents));
  const list = createConversationList({ log, tail: createTail(log, world), world, store });
  return async (userId: UserId) => (await list.ofUser(userId)).map(({ conversationId }) => conversationId);
}

const threeOfAlice: readonly Step[] = [
  [one, created([alice, bob])],
  [two, created([alice])],
  [three, created([alice, bob])],
];

describe('the conversations of a user', () => {
  it('are those they are a member of now', async () => {
    const ofUser = await listed([...threeOfAlice, [one, removed(bob)], [two, added([bob])], [three, left(bob)]]);
    expect(await ofUser(bob)).toEqual([two]);
    expect(await ofUser('nobody' as UserId)).toEqual([]);
  });

  it('are sorted by their last activity, the latest first', async () => {
    const ofUser = await listed([...threeOfAlice, [one, said('hello')]]);
    expect(await ofUser(alice)).toEqual([one, three, two]);
  });

  it('are sorted by id where the times are equal', async () => {
    const sameTime = threeOfAlice.map(([id, event]): Step => [id, event, { storedTs: startTs }]);
    expect(await (await listed(sameTime))(alice)).toEqual([one, three, two]);
  });

  it('do not move for a void event', async () => {
    const ofUser = await listed([...threeOfAlice, [one, said('late'), { notAfterTs: startTs }]]);
    expect(await ofUser(alice)).toEqual([three, two, one]);
  });

  it('are as many as there are, however many heads one request gives', async () => {
    const many = Array.from({ length: 501 }, (_, index): Step => [`g_${index}` as ConversationId, created([alice])]);
    expect(await (await listed(many))(alice)).toHaveLength(501);
  });

  it('show the head, the last message and its place', async () => {
    const log = createTestLog();
    log.put(created([alice]), { conversationId: one });
    log.put(said('first'), { conversationId: one });
    log.put(said('last'), { conversationId: one });
    log.put(added([bob]), { conversationId: one });
    const world = createTestWorld();
    const store = createTestConversations();
    await project(conversations, store, log.events().slice(0, 2));
    const [head] = await createConversationList({ log, tail: createTail(log, world), world, store }).ofUser(bob);
    expect(head).toMatchObject({ position: 4, prev: 3, ordinal: 2, meta: 4, lastMessage: { event: { body: 'last' } } });
  });

  it('are the same wherever the projector stands', async () => {
    const event = fc.oneof(
      fc.constantFrom(alice, bob).map((id) => added([id])),
      fc.constantFrom(alice, bob).map(removed),
      fc.constant(said('hello')),
    );
    const step = fc.tuple(fc.constantFrom(one, two, three), event, fc.constantFrom({}, { notAfterTs: 0 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.nat(18), async (steps, storedEvents) => {
        const all = [...threeOfAlice, ...steps];
        const [behind, complete] = [await listed(all, storedEvents), await listed(all)];
        for (const userId of [alice, bob]) expect(await behind(userId)).toEqual(await complete(userId));
      }),
    );
  });

  it('are not brought down, nor moved, by a conversation that is parked', async () => {
    const log = createTestLog();
    const world = createTestWorld();
    const store = createTestConversations();
    for (const [conversationId, event] of threeOfAlice) log.put(event, { conversationId });
    await project(conversations, store, log.events());
    // The projector could not fold the removal of bob; what came after it is nothing he may see.
    log.put(removed(bob), { conversationId: one });
    await store.write(0 as never, {
      rows: [],
      heads: [],
      parked: [{ conversationId: one, position: at(4), reason: 'x' }],
      checkpoint: at(4),
    });
    log.put(said('secret'), { conversationId: one, storedTs: startTs + 1 });
    const heads = await createConversationList({ log, tail: createTail(log, world), world, store }).ofUser(bob);
    expect(heads.map(({ lastMessage }) => lastMessage?.event.body)).not.toContain('secret');
  });
});

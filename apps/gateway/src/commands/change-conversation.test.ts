import { isMember, NO_CONVERSATION } from '@parley/domain';
import { createConversationStates } from '@parley/projections';
import { describe, expect, it } from 'vitest';
import {
  added,
  alice,
  at,
  bob,
  carol,
  created,
  createTestLog,
  createTestWorld,
  dave,
  left,
  removed,
  userId,
  type TestLogOptions,
} from '@parley/domain/testing';
import {
  changeConversation,
  createGroup,
  openDirect,
  type Changing,
  type GroupRequest,
} from './change-conversation.ts';
import { createKeyedQueue } from './keyed-queue.ts';

const digest = (text: string): string => text.replaceAll(/[^a-z0-9]/g, '-');

/** Gateways before one log, each with states of its own. */
function createGateways(options: Pick<TestLogOptions, 'before'> = {}) {
  const world = createTestWorld();
  const log = createTestLog({ ...options, now: () => world.now() });
  const newQueue = () => createKeyedQueue({ sizeMax: 100, now: () => world.now() });
  const gateway = (): Changing => ({ log, states: createConversationStates(log), world, digest, queue: newQueue() });
  return { world, log, gateway };
}

const appended = (position: number) => ({ type: 'Appended', position, duplicate: false });

describe('opening a direct chat', () => {
  it('creates it once, whoever of the two opens it and through whichever gateway', async () => {
    const { log, gateway } = createGateways();
    const first = await openDirect(gateway(), alice, bob);
    const second = await openDirect(gateway(), bob, alice);
    expect(first.outcome).toEqual(appended(1));
    expect(second.conversationId).toBe(first.conversationId);
    expect(second.outcome).toMatchObject({ type: 'Unchanged', state: { kind: 'direct', createdBy: alice } });
    expect(log.events()).toHaveLength(1);
    expect(log.events()[0]?.event).toEqual(created([alice, bob], { kind: 'direct' }));
  });

  it('creates it once when both open it at the same time', async () => {
    const { log, gateway } = createGateways();
    const both = await Promise.all([openDirect(gateway(), alice, bob), openDirect(gateway(), bob, alice)]);
    expect(both.map(({ outcome }) => outcome.type).toSorted()).toEqual(['Appended', 'Unchanged']);
    expect(log.events()).toHaveLength(1);
  });

  it('with oneself is refused, and creates nothing', async () => {
    const { log, gateway } = createGateways();
    expect((await openDirect(gateway(), alice, alice)).outcome).toMatchObject({
      refusal: { type: 'InvalidConversation' },
    });
    expect(log.events()).toEqual([]);
  });

  it('is unavailable after a void creation until the log has forgotten that, and then creates it', async () => {
    const { log, world, gateway } = createGateways();
    const { conversationId } = await openDirect(createGateways().gateway(), alice, bob);
    log.put(created([alice, bob], { kind: 'direct' }), {
      conversationId,
      idempotencyKey: digest(`${conversationId} created`),
      notAfterTs: world.now() - 1,
    });
    const { outcome } = await openDirect(gateway(), alice, bob);
    expect(outcome).toEqual({ type: 'Unavailable', retryAfterMs: 120_000 });
    world.advance(120_001);
    expect((await openDirect(gateway(), alice, bob)).outcome).toEqual(appended(2));
    expect(log.events()[1]?.decidedOn).toBe(1);
  });
});

describe('creating a group', () => {
  const request: GroupRequest = { creatorId: alice, memberIds: [bob, carol], name: 'Team', idempotencyKey: 'key-1' };

  it('stores its members, name and settings', async () => {
    const { log, gateway } = createGateways();
    const settings = { history: 'since_join' } as const;
    expect((await createGroup(gateway(), { ...request, settings })).outcome).toEqual(appended(1));
    expect(log.events()[0]).toMatchObject({
      actorId: alice,
      event: created([alice, bob, carol], { name: 'Team', settings }),
    });
  });

  it('with the same key and content again is the same group', async () => {
    const { log, gateway, world } = createGateways();
    const first = await createGroup(gateway(), request);
    for (const again of [request, { ...request, memberIds: [carol, bob] }]) {
      world.advance(3_600_000);
      const { conversationId, outcome } = await createGroup(gateway(), again);
      expect(conversationId).toBe(first.conversationId);
      expect(outcome.type).toBe('Unchanged');
    }
    expect(log.events()).toHaveLength(1);
  });

  it.each<[string, Partial<GroupRequest>]>([
    ['other members', { memberIds: [bob] }],
    ['another name', { name: 'Other' }],
    ['other settings', { settings: { history: 'since_join' } }],
  ])('with the same key and %s is a mismatch, and changes nothing', async (_what, others) => {
    const { log, gateway } = createGateways();
    await createGroup(gateway(), request);
    const { outcome } = await createGroup(gateway(), { ...request, ...others });
    expect(outcome).toEqual({ type: 'Refused', refusal: { type: 'IdempotencyMismatch' } });
    expect(log.events()).toHaveLength(1);
  });

  it('is a new one for another key, another creator, and without a key every time', async () => {
    const { log, gateway } = createGateways();
    const { idempotencyKey: _, ...keyless } = request;
    const others = [
      request,
      { ...request, idempotencyKey: 'key-2' },
      { ...request, creatorId: dave },
      keyless,
      keyless,
    ];
    const ids = new Set<string>();
    for (const one of others) ids.add((await createGroup(gateway(), one)).conversationId);
    expect(ids.size).toBe(5);
    expect(log.events()).toHaveLength(5);
  });

  it('by two requests with one key at the same time makes one, and only the same content is the same', async () => {
    const { log, gateway } = createGateways();
    const three = await Promise.all([
      createGroup(gateway(), request),
      createGroup(gateway(), request),
      createGroup(gateway(), { ...request, name: 'Other' }),
    ]);
    expect(log.events()).toHaveLength(1);
    expect(three.map(({ outcome }) => outcome.type)).toEqual(['Appended', 'Unchanged', 'Refused']);
  });

  it('answers a duplicate that the log knows by what it made of the state', async () => {
    // An earlier attempt of this request got no answer; its event is in the log, and this gateway does not know it.
    const { log, gateway } = createGateways();
    const changing = gateway();
    const states = { ...changing.states, recent: async () => ({ state: NO_CONVERSATION, meta: at(0) }) };
    await createGroup(gateway(), request);
    expect((await createGroup({ ...changing, states }, request)).outcome.type).toBe('Unchanged');
    const { outcome } = await createGroup({ ...changing, states }, { ...request, name: 'Other' });
    expect(outcome).toMatchObject({ refusal: { type: 'IdempotencyMismatch' } });
    expect(log.events()).toHaveLength(1);
  });
});

describe('changing a conversation', () => {
  async function group() {
    const gateways = createGateways();
    const { conversationId } = await createGroup(gateways.gateway(), {
      creatorId: alice,
      memberIds: [bob],
      idempotencyKey: 'k',
    });
    return { ...gateways, id: conversationId };
  }
  const add = { type: 'add-members', actorId: alice, userIds: [carol], role: 'member' } as const;

  it('asked twice is one change', async () => {
    const { log, gateway, id } = await group();
    expect(await changeConversation(gateway(), id, add)).toEqual(appended(2));
    expect(await changeConversation(gateway(), id, add)).toMatchObject({ type: 'Unchanged' });
    expect(
      log
        .events()
        .slice(1)
        .map(({ event }) => event),
    ).toEqual([added([carol])]);
  });

  it('goes there and back as often as one likes, also within the window of the log', async () => {
    const { log, gateway, id } = await group();
    const changing = gateway();
    for (let i = 0; i < 3; i++) {
      await changeConversation(changing, id, add);
      await changeConversation(changing, id, { type: 'remove-member', actorId: alice, userId: carol });
    }
    expect(
      log
        .events()
        .slice(1)
        .map(({ event }) => event),
    ).toEqual([1, 2, 3].flatMap(() => [added([carol]), removed(carol)]));
  });

  it('is decided again when another gateway changed it first', async () => {
    const { log, gateway, id } = await group();
    const [here, there] = [gateway(), gateway()];
    await here.states.recent(id);
    await changeConversation(there, id, { type: 'remove-member', actorId: alice, userId: bob });
    expect(await changeConversation(here, id, { type: 'leave', actorId: bob })).toMatchObject({ type: 'Unchanged' });
    expect(log.events()).toHaveLength(2);
  });

  it('by two owners at the same time ends as if one had come after the other', async () => {
    const { log, gateway, id } = await group();
    await changeConversation(gateway(), id, { ...add, userIds: [carol], role: 'owner' });
    await Promise.all([
      changeConversation(gateway(), id, { type: 'remove-member', actorId: alice, userId: carol }),
      changeConversation(gateway(), id, { type: 'remove-member', actorId: carol, userId: alice }),
    ]);
    expect(log.events()).toHaveLength(3);
    const { state } = await gateway().states.current(id);
    expect([alice, carol].filter((userId) => isMember(state, userId))).toHaveLength(1);
  });

  it('is refused to who may not, and stores nothing', async () => {
    const { log, gateway, id } = await group();
    const refusals = [
      await changeConversation(gateway(), id, { ...add, actorId: bob }),
      await changeConversation(gateway(), id, { type: 'leave', actorId: dave }),
    ];
    expect(refusals).toMatchObject([{ refusal: { type: 'Forbidden' } }, { refusal: { type: 'NotAMember' } }]);
    expect(log.events()).toHaveLength(1);
  });

  it('by many at once, through two gateways, is made for each of them', async () => {
    const { log, gateway, id } = await group();
    const gateways = [gateway(), gateway()];
    const names = Array.from({ length: 60 }, (_, index) => userId(`user${index}`));
    const outcomes = await Promise.all(
      names.flatMap((name, index) => {
        const changing = gateways[index % 2];
        return changing ? [changeConversation(changing, id, { ...add, userIds: [name] })] : [];
      }),
    );
    expect(outcomes.map(({ type }) => type)).toEqual(names.map(() => 'Appended'));
    const { state } = await gateway().states.current(id);
    expect(names.filter((name) => !isMember(state, name))).toEqual([]);
    expect(log.events()).toHaveLength(61);
  });

  it('is refused when too many wait already', async () => {
    const { log, gateway, id } = await group();
    const queue = createKeyedQueue({ sizeMax: 0, now: () => 0 });
    expect(await changeConversation({ ...gateway(), queue }, id, add)).toMatchObject({ type: 'Overloaded' });
    expect(log.events()).toHaveLength(1);
  });

  it('lets a member leave', async () => {
    const { log, gateway, id } = await group();
    expect(await changeConversation(gateway(), id, { type: 'leave', actorId: bob })).toEqual(appended(2));
    expect(log.events()[1]).toMatchObject({ actorId: bob, event: left(bob) });
  });
});

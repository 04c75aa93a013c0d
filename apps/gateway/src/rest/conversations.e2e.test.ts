import type { ConversationPage, MemberPage, MessagePage } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, openHouse, type House } from '../testing/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse({ config: { rateLimits: false } });
});
afterAll(() => house[Symbol.asyncDispose]());

const group = async (creator: string, members: readonly string[], others: object = {}): Promise<string> => {
  const response = await house.call(creator, 'POST /v1/conversations', { type: 'group', members, ...others });
  expect(response.status).toBe(201);
  return (await bodyOf(response)).conversation_id;
};

const list = async (userId: string) =>
  (await bodyOf<ConversationPage>(await house.call(userId, 'GET /v1/conversations'))).conversations;

describe('creating', () => {
  it('opens a direct chat once for both', async () => {
    const first = await house.call('alice', 'POST /v1/conversations', { type: 'direct', members: ['bob'] });
    const summary = await bodyOf(first);
    expect(first.status).toBe(201);
    expect(summary).toMatchObject({ type: 'direct', member_count: 2, peer_id: 'bob' });
    const second = await house.call('bob', 'POST /v1/conversations', { type: 'direct', members: ['bob', 'alice'] });
    expect(second.status).toBe(200);
    expect(await bodyOf(second)).toEqual({ ...summary, peer_id: 'alice' });
  });

  it.each([[[]], [['alice']], [['bob', 'carol']]])('answers 400 to a direct chat with %j', async (members) => {
    const response = await house.call('alice', 'POST /v1/conversations', { type: 'direct', members });
    expect([response.status, (await bodyOf(response)).code]).toEqual([400, 'bad_frame']);
  });

  it('gives the same group for the same key, and idempotency_mismatch for another body under it', async () => {
    const ask = async (key: string, body: object) =>
      fetch(`${house.gateway.url}/v1/conversations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await house.token('alice')}`, 'idempotency-key': key },
        body: JSON.stringify({ type: 'group', members: ['bob'], ...body }),
      });
    const first = await ask('k1', { name: 'one' });
    const again = await ask('k1', { name: 'one' });
    expect([first.status, again.status]).toEqual([201, 200]);
    const { conversation_id: id } = await bodyOf(first);
    expect(await bodyOf(again)).toMatchObject({ conversation_id: id, name: 'one', member_count: 2 });
    const other = await ask('k1', { name: 'two' });
    expect([other.status, (await bodyOf(other)).code]).toEqual([422, 'idempotency_mismatch']);
    expect((await ask('', {})).status).toBe(400);
    expect((await ask('x'.repeat(256), {})).status).toBe(400);

    await house.call('alice', `PATCH /v1/conversations/${id}/members/bob`, { role: 'owner' });
    await house.call('alice', `DELETE /v1/conversations/${id}/members/me`);
    const afterLeaving = await ask('k1', { name: 'one' });
    expect([afterLeaving.status, (await bodyOf(afterLeaving)).code]).toEqual([403, 'not_a_member']);
  });

  it('takes 1,024 members with the longest ids, and not one more', async () => {
    const members = Array.from({ length: 1_024 }, (_, i) => `${i}`.padStart(64, 'm'));
    const full = await house.call('alice', 'POST /v1/conversations', { type: 'group', members: members.slice(1) });
    expect([full.status, (await bodyOf(full)).member_count]).toEqual([201, 1_024]);
    const over = await house.call('alice', 'POST /v1/conversations', { type: 'group', members });
    expect([over.status, (await bodyOf(over)).code]).toEqual([409, 'conflict']);
  });

  it('fills a group to its 1,024th member, and takes another when one has left', async () => {
    const id = await group('alice', []);
    const named = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}`.padStart(64, 'm'));
    const add = async (userIds: readonly string[]) =>
      (await house.call('alice', `POST /v1/conversations/${id}/members`, { user_ids: userIds })).status;
    expect(await add(named(1_024))).toBe(409);
    expect(await add(named(1_023))).toBe(200);
    expect(await add(['bob'])).toBe(409);
    expect(await add(named(1_023))).toBe(200); // who is there already takes no place
    expect((await house.call('alice', `DELETE /v1/conversations/${id}/members/${named(1)[0]}`)).status).toBe(204);
    expect([await add(['bob']), await add(['carol'])]).toEqual([200, 409]);
    const listed: string[] = [];
    let next = '';
    do {
      const response = await house.call(
        'bob',
        `GET /v1/conversations/${id}/members?limit=100${next && `&cursor=${next}`}`,
      );
      const { members, next_cursor: cursor = '' } = await bodyOf<MemberPage>(response);
      listed.push(...members.map(({ user_id: userId }) => userId));
      next = cursor;
    } while (next !== '');
    expect(new Set(listed)).toEqual(new Set(['alice', 'bob', ...named(1_022, 1)]));
    expect(listed).toHaveLength(1_024);
  });
});

describe('reading', () => {
  it('shows a conversation to its members only', async () => {
    const id = await group('alice', ['bob'], { name: 'ours', settings: { history: 'since_join' } });
    expect(await bodyOf(await house.call('bob', `GET /v1/conversations/${id}`))).toEqual({
      conversation_id: id,
      type: 'group',
      name: 'ours',
      member_count: 2,
      settings: { history: 'since_join' },
    });
    const stranger = await house.call('carol', `GET /v1/conversations/${id}`);
    expect([stranger.status, (await bodyOf(stranger)).code]).toEqual([403, 'not_a_member']);
    const none = await house.call('carol', 'GET /v1/conversations/g_none');
    expect([none.status, (await bodyOf(none)).code]).toEqual([404, 'no_such_conversation']);
  });

  it('lists mine, the latest activity first, page by page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await group('lena', []));
    const seen: string[] = [];
    let next = '';
    for (let page = 0; page < 3; page++) {
      const response = await house.call('lena', `GET /v1/conversations?limit=2${next && `&cursor=${next}`}`);
      const { conversations, next_cursor: cursor = '' } = await bodyOf<ConversationPage>(response);
      seen.push(...conversations.map((one) => one.conversation_id));
      next = cursor;
    }
    expect(next).toBe('');
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(new Set(seen).size).toBe(5);
  });

  it('shows the last message in the list, but not one from before the viewer joined', async () => {
    const id = await group('alice', ['bob'], { settings: { history: 'since_join' } });
    const content = { client_msg_id: house.newId(), body: 'before mallory' };
    await house.call('alice', `POST /v1/conversations/${id}/messages`, content);
    await house.call('alice', `POST /v1/conversations/${id}/members`, { user_ids: ['mallory'] });
    const [bobs] = await list('bob');
    expect(bobs).toMatchObject({ conversation_id: id, last_message: { body: 'before mallory' } });
    const [hers] = await list('mallory');
    expect(hers?.conversation_id).toBe(id);
    expect(hers?.last_message).toBeUndefined();
  });

  it.each([
    'garbage',
    Buffer.from('[2,"conversations",1,"x"]').toString('base64url'), // another epoch
    Buffer.from('[1,"members g_1","x"]').toString('base64url'), // another call
    Buffer.from('[1,"conversations","x",1]').toString('base64url'),
    Buffer.from('{"a":1}').toString('base64url'),
  ])('answers 400 to the cursor %s', async (cursor) => {
    const response = await house.call('alice', `GET /v1/conversations?cursor=${cursor}`);
    expect([response.status, (await bodyOf(response)).code]).toEqual([400, 'bad_frame']);
  });

  it.each(['0', '101', 'x', '1.5', '-1'])('answers 400 to limit=%s', async (limit) => {
    expect((await house.call('alice', `GET /v1/conversations?limit=${limit}`)).status).toBe(400);
  });
});

describe('changing', () => {
  const patch = async (userId: string, id: string, body: object) => {
    const response = await house.call(userId, `PATCH /v1/conversations/${id}`, body);
    return [response.status, await bodyOf(response)] as const;
  };

  it('renames a group and changes its settings, both at once too, for owners and admins', async () => {
    const id = await group('alice', ['bob', 'carol'], { name: 'Tea' });
    await house.call('alice', `PATCH /v1/conversations/${id}/members/bob`, { role: 'admin' });
    expect(await patch('bob', id, { name: 'Coffee' })).toMatchObject([200, { name: 'Coffee' }]);
    const both = { name: 'Juice', settings: { history: 'since_join' } };
    expect(await patch('alice', id, both)).toMatchObject([200, { ...both, member_count: 3 }]);
    expect(await patch('alice', id, both)).toMatchObject([200, both]);
    expect(await patch('carol', id, { name: 'Water' })).toMatchObject([403, { code: 'forbidden' }]);
    expect(await patch('dave', id, { name: 'Water' })).toMatchObject([403, { code: 'not_a_member' }]);
    expect(await patch('alice', id, {})).toMatchObject([400, { code: 'bad_frame' }]);
    expect(await patch('alice', 'g_none', both)).toMatchObject([404, { code: 'no_such_conversation' }]);
    expect(await bodyOf(await house.call('carol', `GET /v1/conversations/${id}`))).toMatchObject(both);
  });

  it('leaves a direct chat as it is', async () => {
    const direct = await house.call('alice', 'POST /v1/conversations', { type: 'direct', members: ['erin'] });
    const { conversation_id: id } = await bodyOf(direct);
    expect(await patch('alice', id, { name: 'Us' })).toMatchObject([403, { code: 'forbidden' }]);
    const role = await house.call('alice', `PATCH /v1/conversations/${id}/members/erin`, { role: 'owner' });
    expect(role.status).toBe(403);
  });

  it('of the history opens the past to who joined later, and closes it again', async () => {
    const id = await group('alice', ['bob'], { settings: { history: 'since_join' } });
    const say = async (userId: string, body: string) =>
      house.call(userId, `POST /v1/conversations/${id}/messages`, { client_msg_id: house.newId(), body });
    const read = async (userId: string) => {
      const response = await house.call(userId, `GET /v1/conversations/${id}/messages?after=0`);
      return (await bodyOf<MessagePage>(response)).messages?.map(({ body }) => body) ?? response.status;
    };
    await say('alice', 'with bob');
    await house.call('alice', `DELETE /v1/conversations/${id}/members/bob`);
    await say('alice', 'alone');
    expect(await read('bob')).toBe(403);
    await house.call('alice', `POST /v1/conversations/${id}/members`, { user_ids: ['bob', 'carol'] });
    await say('alice', 'with both');
    expect([await read('bob'), await read('carol')]).toEqual([['with bob', 'with both'], ['with both']]);
    await patch('alice', id, { settings: { history: 'shared' } });
    expect([await read('bob'), await read('carol')]).toEqual([
      ['with bob', 'alone', 'with both'],
      ['with bob', 'alone', 'with both'],
    ]);
    await patch('alice', id, { settings: { history: 'since_join' } });
    expect([await read('bob'), await read('carol')]).toEqual([['with bob', 'with both'], ['with both']]);
  });
});

describe('members', () => {
  const names = async (id: string, query = '') => {
    const response = await house.call('alice', `GET /v1/conversations/${id}/members${query}`);
    const { members, next_cursor: next } = await bodyOf<MemberPage>(response);
    return { ids: members.map((one) => one.user_id), next };
  };

  it('are listed with roles, page by page, whoever leaves in between', async () => {
    const id = await group('alice', ['bob', 'carol', 'dave']);
    const { members } = await bodyOf<MemberPage>(await house.call('bob', `GET /v1/conversations/${id}/members`));
    expect(members[0]).toEqual({ user_id: 'alice', role: 'owner' });
    const first = await names(id, '?limit=2');
    expect(first.ids).toEqual(['alice', 'bob']);
    expect(await names(id, `?limit=1&cursor=${first.next}`)).toMatchObject({ ids: ['carol'] });
    await house.call('bob', `DELETE /v1/conversations/${id}/members/me`);
    expect(await names(id, `?limit=2&cursor=${first.next}`)).toEqual({ ids: ['carol', 'dave'], next: undefined });
    expect((await house.call('alice', `GET /v1/conversations/${id}/members?cursor=eA`)).status).toBe(400);
  });

  it('get roles from owners, and the last owner hands over before leaving', async () => {
    const id = await group('alice', ['bob', 'carol']);
    const role = async (userId: string, target: string, to: string) => {
      const response = await house.call(userId, `PATCH /v1/conversations/${id}/members/${target}`, { role: to });
      return [response.status, await bodyOf<{ code?: string; detail?: string }>(response)] as const;
    };
    const leaves = async (userId: string) =>
      (await house.call(userId, `DELETE /v1/conversations/${id}/members/me`)).status;
    expect(await role('bob', 'bob', 'owner')).toMatchObject([403, { code: 'forbidden' }]);
    expect(await role('dave', 'bob', 'owner')).toMatchObject([403, { code: 'not_a_member' }]);
    expect(await role('alice', 'dave', 'admin')).toMatchObject([404, { code: 'no_such_user' }]);
    expect(await role('alice', 'me', 'member')).toMatchObject([
      403,
      { code: 'forbidden', detail: 'You may not do this: hand over to another owner first.' },
    ]);
    expect(await leaves('alice')).toBe(403);
    expect(await role('alice', 'bob', 'owner')).toEqual([200, { user_id: 'bob', role: 'owner' }]);
    expect(await role('alice', 'bob', 'owner')).toEqual([200, { user_id: 'bob', role: 'owner' }]);
    expect(await role('alice', 'me', 'member')).toEqual([200, { user_id: 'alice', role: 'member' }]);
    expect([await leaves('bob'), await leaves('alice')]).toEqual([403, 204]);
    expect([await leaves('carol'), await leaves('bob')]).toEqual([204, 204]);
    expect((await house.call('bob', `GET /v1/conversations/${id}`)).status).toBe(403);
  });

  it('are added and removed by those who may', async () => {
    const id = await group('alice', ['bob']);
    const added = await house.call('alice', `POST /v1/conversations/${id}/members`, { user_ids: ['carol'] });
    expect([added.status, (await bodyOf(added)).member_count]).toEqual([200, 3]);
    const byPlain = await house.call('bob', `POST /v1/conversations/${id}/members`, { user_ids: ['dave'] });
    expect([byPlain.status, (await bodyOf(byPlain)).code]).toEqual([403, 'forbidden']);
    expect((await house.call('dave', `POST /v1/conversations/${id}/members`, { user_ids: ['dave'] })).status).toBe(403);
    expect((await house.call('bob', `DELETE /v1/conversations/${id}/members/carol`)).status).toBe(403);
    expect((await house.call('alice', `DELETE /v1/conversations/${id}/members/carol`)).status).toBe(204);
    expect((await house.call('alice', `DELETE /v1/conversations/${id}/members/carol`)).status).toBe(204);
    expect((await house.call('bob', `DELETE /v1/conversations/${id}/members/bob`)).status).toBe(204);
    expect((await names(id)).ids).toEqual(['alice']);
    expect((await house.call('carol', `GET /v1/conversations/${id}/members`)).status).toBe(403);
    expect((await house.call('alice', 'GET /v1/conversations/g_none/members')).status).toBe(404);
  });
});

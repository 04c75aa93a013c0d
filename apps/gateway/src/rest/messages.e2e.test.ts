import type { MessagePage } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, openHouse, type House } from '../testing/house.ts';

let house: House;
let id: string;
const stored: string[] = [];

const say = (userId: string, content: object) => house.call(userId, `POST /v1/conversations/${id}/messages`, content);
const read = async (query: string) =>
  bodyOf<MessagePage>(await house.call('bob', `GET /v1/conversations/${id}/messages${query}`));
const idsOf = ({ messages }: MessagePage) => messages.map((one) => one.message_id as string);

beforeAll(async () => {
  house = await openHouse({ config: { rateLimits: false } });
  const created = await house.call('alice', 'POST /v1/conversations', { type: 'group', members: ['bob'] });
  id = (await bodyOf(created)).conversation_id;
  for (let i = 0; i < 7; i++) {
    const answer = await say('alice', { client_msg_id: house.newId(), body: `m${i}` });
    stored.push((await bodyOf(answer)).message_id);
  }
  await house.call('alice', `POST /v1/conversations/${id}/members`, { user_ids: ['carol'] });
});
afterAll(() => house[Symbol.asyncDispose]());

describe('sending', () => {
  it('answers 201, then 200 with the same, and 422 for other content', async () => {
    const content = { client_msg_id: house.newId(), body: 'once' };
    const first = await say('alice', content);
    const again = await say('alice', { ...content, client_msg_id: content.client_msg_id.toUpperCase() });
    expect([first.status, again.status]).toEqual([201, 200]);
    const answer = await bodyOf(first);
    expect(await bodyOf(again)).toEqual(answer);
    expect(answer.position).toBe(answer.message_id);
    const other = await say('alice', { ...content, body: 'twice' });
    expect([other.status, (await bodyOf(other)).code]).toEqual([422, 'idempotency_mismatch']);
  });

  it.each([
    { what: 'a stranger', userId: 'dave', status: 403, code: 'not_a_member' },
    { what: 'no body', content: { body: '' }, status: 400, code: 'bad_frame' },
    { what: 'a bad id', content: { client_msg_id: 'x' }, status: 400, code: 'bad_frame' },
    { what: 'a body of 16 KiB', content: { body: 'x'.repeat(16_384) }, status: 201, code: undefined },
    {
      what: 'a body of 16 KiB + 1',
      content: { body: `${'x'.repeat(16_382)}äx` },
      status: 413,
      code: 'body_too_large',
    },
    {
      what: 'an id from the future',
      content: { client_msg_id: 'ffffffff-ffff-7fff-8fff-ffffffffffff' },
      status: 422,
      code: 'clock_ahead',
    },
  ])('answers $what with $status', async ({ userId = 'alice', content, status, code }) => {
    const answer = await say(userId, { client_msg_id: house.newId(), body: 'x', ...content });
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([status, code]);
  });

  it('answers 404 where there is no conversation', async () => {
    const content = { client_msg_id: house.newId(), body: 'x' };
    expect((await house.call('alice', 'POST /v1/conversations/g_none/messages', content)).status).toBe(404);
  });
});

describe('pages', () => {
  it('are newest first without an anchor and before one, oldest first after one, both around one', async () => {
    const [m0, m1, m2, m3, m4] = stored;
    expect(idsOf(await read(`?before=${m3}&limit=2`))).toEqual([m2, m1]);
    expect(await read(`?before=${m2}`)).toMatchObject({ has_more: false });
    expect(await read(`?after=${m0}&limit=2`)).toMatchObject({ has_more: true });
    expect(idsOf(await read(`?after=${m0}&limit=2`))).toEqual([m1, m2]);
    expect(idsOf(await read(`?around=${m2}&limit=4`))).toEqual([m0, m1, m2, m3]);
    const newest = idsOf(await read('?limit=100')).map(Number);
    expect(newest).toEqual(newest.toSorted((a, b) => b - a));
    expect(m4).toBeDefined();
  });

  it('carry the membership events in their range', async () => {
    const { conversations } = await read(`?after=${stored[6]}`);
    expect(conversations).toMatchObject([
      { type: 'conversation', event: { type: 'members_added', user_ids: ['carol'] } },
    ]);
    expect((await read(`?after=${stored[0]}&limit=1`)).conversations).toBeUndefined();
  });

  it('include what was acked a moment before', async () => {
    for (let i = 0; i < 20; i++) {
      const answer = await bodyOf(await say('alice', { client_msg_id: house.newId(), body: 'now' }));
      expect(idsOf(await read('?limit=1'))).toEqual([answer.message_id]);
    }
  });

  it.each(['?before=1&after=2', '?after=1&around=2', '?before=x', '?before=-1', '?limit=101', '?limit=0'])(
    'answer 400 to %s',
    async (query) => {
      expect(await read(query)).toMatchObject({ code: 'bad_frame', status: 400 });
    },
  );

  it('are for members only', async () => {
    expect((await house.call('dave', `GET /v1/conversations/${id}/messages`)).status).toBe(403);
    expect((await house.call('dave', 'GET /v1/conversations/g_none/messages')).status).toBe(404);
  });
});

it('gives one message, and 404 for what is none', async () => {
  const one = await house.call('bob', `GET /v1/conversations/${id}/messages/${stored[0]}`);
  expect(await bodyOf(one)).toMatchObject({ type: 'message', body: 'm0', prev_id: '1' });
  for (const position of ['1', '0', '999999']) {
    const none = await house.call('bob', `GET /v1/conversations/${id}/messages/${position}`);
    expect([none.status, (await bodyOf(none)).code]).toEqual([404, 'no_such_message']);
  }
  expect((await house.call('dave', `GET /v1/conversations/${id}/messages/${stored[0]}`)).status).toBe(403);
});

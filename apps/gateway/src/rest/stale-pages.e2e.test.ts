import { StoreUnavailable, type TimelineStore } from '@parley/projections';
import type { MessagePage } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, openHouse, type House } from '../testing/house.ts';

let house: House;
let id: string;
let first: string;
let away = false;

/** A store of which one copy answers while the others are away. */
function oneCopyLeft(written: TimelineStore): TimelineStore {
  const sure = <Answer>(answer: () => Promise<Answer>): Promise<Answer> =>
    away ? Promise.reject(new StoreUnavailable('two of three copies are away')) : answer();
  return {
    ...written,
    checkpoint: (shard) => sure(() => written.checkpoint(shard)),
    heads: (ids) => sure(() => written.heads(ids)),
    parked: (shard) => sure(() => written.parked(shard)),
    range: (conversationId, range) => sure(() => written.range(conversationId, range)),
    byClientMessageId: (key) => sure(() => written.byClientMessageId(key)),
    anyCopy: written,
  };
}

const messages = (userId: string, query = '') =>
  house.call(userId, `GET /v1/conversations/${id}/messages${query}` as 'GET /');

beforeAll(async () => {
  house = await openHouse({ config: { rateLimits: false }, timelineStore: oneCopyLeft });
  const made = await house.call('alice', 'POST /v1/conversations', { type: 'group', members: ['bob', 'carol'] });
  id = (await bodyOf(made)).conversation_id;
  const said = await house.call('alice', `POST /v1/conversations/${id}/messages`, {
    client_msg_id: house.newId(),
    body: 'hello',
  });
  first = (await bodyOf(said)).message_id;
});
afterAll(() => house[Symbol.asyncDispose]());

describe('while too few copies of the store answer', () => {
  it('a page says that it is stale, and as of when; before, it does not', async () => {
    away = false;
    const sure = await bodyOf<MessagePage>(await messages('bob'));
    expect(sure).not.toHaveProperty('stale');
    expect(sure).not.toHaveProperty('as_of_ts');
    away = true;
    const newest = sure.messages[0];
    expect(await bodyOf<MessagePage>(await messages('bob'))).toEqual({
      ...sure,
      stale: true,
      as_of_ts: newest?.server_ts,
    });
    expect(await bodyOf<MessagePage>(await messages('bob', `?before=${first}`))).toMatchObject({ stale: true });
  });

  it('a look-up of one message is unavailable, not stale', async () => {
    away = true;
    const answer = await messages('bob', `/${first}`);
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([503, 'unavailable']);
  });

  it('a resume is unavailable, not stale', async () => {
    away = true;
    using client = await house.connect('bob');
    client.send({ type: 'resume', last_seen: { [id]: '0' } });
    expect(await client.next('resume_failed')).toMatchObject({ conversation_id: id, reason: 'unavailable' });
  });

  it('who was removed sees nothing', async () => {
    away = false;
    await house.call('alice', `DELETE /v1/conversations/${id}/members/carol`);
    away = true;
    expect((await messages('carol')).status).toBe(403);
  });
});

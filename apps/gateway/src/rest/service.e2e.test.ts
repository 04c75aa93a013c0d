import { request } from 'node:http';
import { LogUnavailable } from '@parley/domain';
import type { Readiness } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { bodyOf, openHouse, type HouseOptions } from '../testing/house.ts';

const problemType = 'application/problem+json';

async function rawPost(url: string, body: string | Uint8Array, headers: Record<string, string>) {
  return fetch(url, { method: 'POST', body, headers });
}

describe('whoever calls', () => {
  it('needs a token, and hears 401 as a problem with the request id', async () => {
    await using house = await openHouse();
    const headers = { 'x-request-id': 'my-id.1' };
    const answer = await fetch(`${house.gateway.url}/v1/conversations`, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe(problemType);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('x-request-id')).toBe('my-id.1');
    expect(await bodyOf(answer)).toMatchObject({ code: 'unauthenticated', status: 401, request_id: 'my-id.1' });
  });

  it('gets a request id of ours instead of one that could forge a log line', async () => {
    await using house = await openHouse();
    const answer = await fetch(`${house.gateway.url}/healthz`, { headers: { 'x-request-id': 'a b' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('may call 100 times at once, and then hears 429 with when to come back', async () => {
    await using house = await openHouse({ limits: { framesPerSecondMax: 1 } });
    const calls = Array.from({ length: 101 }, () => house.call('alice', 'GET /v1/conversations/g_1'));
    const statuses = (await Promise.all(calls)).map((answer) => answer.status);
    expect(statuses.filter((status) => status === 404)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    const answer = await house.call('alice', 'GET /v1/conversations/g_1');
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answer.headers.get('ratelimit-limit')).toBe('100');
    expect(answer.headers.get('ratelimit-remaining')).toBe('0');
    expect((await house.call('bob', 'GET /v1/conversations/g_1')).status).toBe(404);
  });
});

describe('routes', () => {
  it.each([
    ['GET /nothing', 404, 'no_such_route'],
    ['GET /v1/conversations/', 404, 'no_such_route'],
    ['GET /v1/conversations/g_1/nothing', 404, 'no_such_route'],
    ['GET /v1/conversations/g%2e1', 400, 'bad_frame'],
  ] as const)('answers %s with %i', async (call, status, code) => {
    await using house = await openHouse();
    const answer = await house.call('alice', call);
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([status, code]);
  });

  it('answers 405 with what is allowed', async () => {
    await using house = await openHouse();
    const answer = await house.call('alice', 'PUT /v1/conversations');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET, OPTIONS']);
    expect((await bodyOf(answer)).code).toBe('method_not_allowed');
    expect((await house.call('alice', 'POST /docs')).status).toBe(405);
  });

  it('answers HEAD as GET without a body', async () => {
    await using house = await openHouse();
    const answer = await fetch(`${house.gateway.url}/healthz`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '15', '']);
    expect((await fetch(`${house.gateway.url}/healthz`)).status).toBe(200);
  });
});

describe('bodies', () => {
  const post = async (body: string | Uint8Array, options: HouseOptions = {}) => {
    await using house = await openHouse(options);
    const headers = { authorization: `Bearer ${await house.token('alice')}` };
    const answer = await rawPost(`${house.gateway.url}/v1/conversations/g_1/messages`, body, headers);
    return [answer.status, (await bodyOf(answer)).code];
  };
  const sized = (bytes: number) => {
    const message = { client_msg_id: '0197a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b', body: 'x', pad: '' };
    return JSON.stringify({ ...message, pad: 'x'.repeat(bytes - JSON.stringify(message).length) });
  };

  it('have at most 64 KiB', async () => {
    expect(await post(sized(65_536))).toEqual([404, 'no_such_conversation']);
    expect(await post(sized(65_537))).toEqual([413, 'frame_too_large']);
    expect(await post(sized(900_000))).toEqual([413, 'frame_too_large']);
  });

  it.each([['{"a":'], [''], ['[]'], ['null'], [new Uint8Array([0x22, 0xff, 0x22])]])(
    'are JSON: %s is not',
    async (body) => {
      expect(await post(body)).toEqual([400, 'bad_frame']);
    },
  );

  it('that never end do not keep the gateway from leaving', async () => {
    const house = await openHouse();
    const headers = { authorization: `Bearer ${await house.token('alice')}` };
    const asking = request(`${house.gateway.url}/v1/conversations`, { method: 'POST', headers });
    asking.on('error', () => undefined);
    asking.write('{');
    await new Promise((resolve) => setTimeout(resolve, 100));
    asking.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = Date.now();
    await house[Symbol.asyncDispose]();
    expect(Date.now() - began).toBeLessThan(500);
  });
});

describe('other pages', () => {
  const origin = 'https://chat.example';
  const config = { origins: [origin] };
  const corsOf = ({ headers }: Response) => ({
    origin: headers.get('access-control-allow-origin'),
    exposed: headers.get('access-control-expose-headers'),
    credentials: headers.get('access-control-allow-credentials'),
    vary: headers.get('vary'),
  });
  const exposed = 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id';
  const readable = { origin, exposed, credentials: null, vary: 'Origin' };
  const hidden = { origin: null, exposed: null, credentials: null, vary: 'Origin' };

  it.each([
    ['GET /healthz', 200],
    ['POST /healthz', 405],
    ['GET /nothing', 404],
    ['GET /v1/ws', 426],
    ['GET /v1/conversations', 401],
    ['POST /v1/conversations', 401],
    ['GET /readyz', 503],
  ])('on the list may read the answer to %s, others may not', async (call, status) => {
    await using house = await openHouse({ config, isReached: false });
    const [method = '', path = ''] = call.split(' ');
    const ask = (from: string) => fetch(house.gateway.url + path, { method, headers: { origin: from } });
    const [good, evil] = [await ask(origin), await ask('https://evil.example')];
    expect([good.status, corsOf(good)]).toEqual([status, readable]);
    expect([evil.status, corsOf(evil)]).toEqual([status, hidden]);
    expect(corsOf(await fetch(house.gateway.url + path, { method }))).toEqual(hidden);
  });

  it('on the list may read why and until when they are refused', async () => {
    const current = () => Promise.reject(new LogUnavailable('no leader'));
    await using house = await openHouse({
      config,
      limits: { framesBurstMax: 2, framesPerSecondMax: 1 },
      dependencies: ({ states }) => ({ states: { ...states, current } }),
    });
    const headers = { origin, authorization: `Bearer ${await house.token('alice')}` };
    const ask = (path: string) => fetch(`${house.gateway.url}/v1/conversations/${path}`, { headers });
    const answers = [await ask('g%2e1'), await ask('g_1'), await ask('g_1')];
    expect(answers.map(({ status }) => status)).toEqual([400, 503, 429]);
    expect(answers.map(corsOf)).toEqual([readable, readable, readable]);
  });

  it('may ask what they may ask', async () => {
    await using house = await openHouse({ config });
    const preflight = (from: string) =>
      fetch(`${house.gateway.url}/v1/conversations/g_1/members/bob`, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'DELETE' },
      });
    const answer = await preflight(origin);
    expect([answer.status, corsOf(answer)]).toEqual([204, readable]);
    expect(answer.headers.get('access-control-allow-methods')).toBe('DELETE, PATCH');
    expect(answer.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['Authorization', 'Content-Type', 'Idempotency-Key', 'Parley-Session', 'X-Request-Id']),
    );
    expect(answer.headers.get('access-control-max-age')).toBe('600');
    expect(corsOf(await preflight('https://evil.example'))).toEqual(hidden);
  });
});

describe('failures', () => {
  it('of the world are 503 with when to come back', async () => {
    const current = () => Promise.reject(new LogUnavailable('no leader'));
    await using house = await openHouse({ dependencies: ({ states }) => ({ states: { ...states, current } }) });
    const answer = await house.call('alice', 'GET /v1/conversations/g_1');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await bodyOf(answer)).toMatchObject({ code: 'unavailable', retryable: true, retry_after_ms: 500 });
    expect(house.errors).toEqual([]);
  });

  it('of ours are 500, logged, and say nothing about it', async () => {
    const current = () => Promise.reject(new TypeError('secret detail'));
    await using house = await openHouse({ dependencies: ({ states }) => ({ states: { ...states, current } }) });
    const answer = await house.call('alice', 'GET /v1/conversations/g_1');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(house.errors).toHaveLength(1);
  });
});

describe('what anyone may read', () => {
  it.each([
    ['/openapi.json', 'application/json', '"openapi":"3.1'],
    ['/asyncapi.json', 'application/json', '"asyncapi":"3'],
    ['/docs', 'text/html; charset=utf-8', '/v1/conversations/{conversation_id}/messages'],
    ['/', 'text/html', '<title>chat'],
  ])('%s', async (path, contentType, part) => {
    const page = { contentType: 'text/html', body: Buffer.from('<title>chat') };
    await using house = await openHouse({ config: { page } });
    const answer = await fetch(house.gateway.url + path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, contentType]);
    expect(await answer.text()).toContain(part);
  });

  it('is readiness, with reasons', async () => {
    await using house = await openHouse({ isReached: false });
    const early = await fetch(`${house.gateway.url}/readyz`);
    expect([early.status, (await bodyOf<Readiness>(early)).reasons]).toEqual([
      503,
      ['delivery has not reached every shard yet'],
    ]);
    house.bus.send({});
    expect((await fetch(`${house.gateway.url}/readyz`)).status).toBe(200);
  });
});

describe('dev tokens', () => {
  const devTokens = { issueToken: async (userId: string) => `for ${userId}` };
  const ask = async (options: HouseOptions, headers: Record<string, string> = {}) => {
    await using house = await openHouse(options);
    const answer = await rawPost(`${house.gateway.url}/v1/dev/tokens`, '{"user_id":"alice"}', headers);
    return [answer.status, await bodyOf(answer)];
  };

  it('are issued on this machine, where they are switched on', async () => {
    expect(await ask({ config: { devTokens } })).toEqual([200, { token: 'for alice' }]);
    expect(await ask({})).toMatchObject([404, { code: 'no_such_route' }]);
  });

  it.each([
    { 'x-forwarded-for': '203.0.113.9' },
    { forwarded: 'for=203.0.113.9' },
    { origin: 'https://evil.example' },
    // A name of the attacker's that resolves to this machine.
    { host: 'evil.example:8080', origin: 'http://evil.example:8080' },
  ])('are not issued to %j', async (headers) => {
    expect(await ask({ config: { devTokens } }, headers)).toMatchObject([403, { code: 'forbidden' }]);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { parseRequest, type RawRequest } from './parse-request.ts';
import { routeErrors, routeNames, routes, type RouteName } from './routes.ts';

const uuid = '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const params = { conversation_id: 'g_1' };
const ids = (count: number) => Array.from({ length: count }, (_, i) => `u${i}`);

const accepts = (name: RouteName, raw: RawRequest) => expect(parseRequest(name, raw).error).toBeUndefined();
const refuses = (name: RouteName, raw: RawRequest, message: RegExp) =>
  expect(parseRequest(name, raw)).toMatchObject({
    error: { code: 'bad_frame', message: expect.stringMatching(message) },
  });

test('gives a handler its parts, typed, with numbers read', () => {
  const parsed = parseRequest('listMessages', { params, query: { before: '7', limit: '20', unknown: 'x' } });
  expect(parsed.ok?.query).toEqual({ before: '7', limit: 20, unknown: 'x' });
  expect(parsed.ok?.params.conversation_id).toBe('g_1');
  expect(parsed.ok?.body).toBeUndefined();
});

test('a page has 1 to 100 entries', () => {
  for (const limit of ['1', '100']) accepts('listMessages', { params, query: { limit } });
  for (const limit of ['0', '101', '-1', '1.5', 'all', '', '1e1', '99999999999']) {
    refuses('listMessages', { params, query: { limit } }, /^limit: /);
  }
});

test('a page has at most one anchor', () => {
  accepts('listMessages', { params });
  for (const anchor of ['before', 'after', 'around']) accepts('listMessages', { params, query: { [anchor]: '7' } });
  refuses('listMessages', { params, query: { before: '7', after: '7' } }, /^before: at most one of/);
  refuses('listMessages', { params, query: { around: 'x' } }, /^around: must be a position/);
});

test('a path is looked at as everything else', () => {
  refuses('getConversation', { params: { conversation_id: 'a.b' } }, /^conversation_id: must be 1 to 64/);
  refuses('getMessage', { params: { ...params, message_id: 'last' } }, /^message_id: must be a position/);
  accepts('removeMember', { params: { ...params, user_id: 'me' } });
});

test('a new conversation has a type and members, and a name of 1 to 256 characters', () => {
  const body = { type: 'group', members: ['bob'] };
  accepts('createConversation', { body });
  accepts('createConversation', { body: { ...body, name: 'n'.repeat(256), settings: {}, later: 1 } });
  accepts('createConversation', { body: { ...body, settings: { history: 'since_join' } } });
  refuses('createConversation', { body: { ...body, name: 'n'.repeat(257) } }, /^name: /);
  refuses('createConversation', { body: { ...body, name: '' } }, /^name: /);
  refuses(
    'createConversation',
    { body: { ...body, settings: { history: 'none' } } },
    /^settings\.history: must be one of/,
  );
  refuses('createConversation', { body: { ...body, type: 'channel' } }, /^type: must be one of "direct", "group"/);
  refuses('createConversation', { body: { type: 'group' } }, /^members: is required/);
  refuses('createConversation', {}, /^body: /);
});

test('at most as many members are named as a group may have', () => {
  const max = LIMITS.groupMembersMax;
  accepts('createConversation', { body: { type: 'group', members: ids(max) } });
  refuses('createConversation', { body: { type: 'group', members: ids(max + 1) } }, /^members: /);
  accepts('addMembers', { params, body: { user_ids: ids(max), role: 'admin' } });
  refuses('addMembers', { params, body: { user_ids: ids(max + 1) } }, /^user_ids: /);
  refuses('addMembers', { params, body: { user_ids: [] } }, /^user_ids: /);
});

test('an idempotency key has 1 to 128 visible characters', () => {
  const body = { type: 'group', members: [] };
  accepts('createConversation', { body, headers: { 'idempotency-key': 'k'.repeat(128), accept: '*/*' } });
  for (const key of ['', 'k'.repeat(129), 'a b', 'ä']) {
    refuses('createConversation', { body, headers: { 'idempotency-key': key } }, /^idempotency-key: /);
  }
});

test('a cursor has at most 512 characters', () => {
  accepts('listConversations', { query: { cursor: 'c'.repeat(512) } });
  refuses('listConversations', { query: { cursor: 'c'.repeat(513) } }, /^cursor: /);
});

test('a message has the rules of the frame: bytes, mentions, one spelling of its id', () => {
  const body = { client_msg_id: uuid.toUpperCase(), body: 'hi' };
  expect(parseRequest('sendMessage', { params, body }).ok?.body.client_msg_id).toBe(uuid);
  accepts('sendMessage', { params, body: { ...body, body: 'a'.repeat(LIMITS.bodyBytesMax) } });
  const tooLong = { ...body, body: 'a'.repeat(LIMITS.bodyBytesMax + 1) };
  expect(parseRequest('sendMessage', { params, body: tooLong }).error?.code).toBe('body_too_large');
  const mentions = [{ user_id: 'bob', offset: 1, length: 2 }];
  refuses('sendMessage', { params, body: { ...body, mentions } }, /^mentions\[0\]: must lie inside/);
});

test('never throws, whatever comes', () => {
  const texts = fc.dictionary(fc.string(), fc.string());
  const raw = fc.record({ params: texts, query: texts, headers: texts, body: fc.anything() });
  fc.assert(
    fc.property(fc.constantFrom(...routeNames), raw, (name, request) => {
      const { ok, error } = parseRequest(name, request);
      return (ok === undefined) !== (error === undefined);
    }),
    { numRuns: 2000 },
  );
});

// PROTOCOL.md "REST", those of issue 3, spelled out.
test('the calls are those of the contract', () => {
  const calls = Object.values(routes).map(({ method, path }) => `${method} ${path}`);
  const conversation = '/v1/conversations/{conversation_id}';
  expect(calls.toSorted()).toEqual(
    [
      'POST /v1/conversations',
      'GET /v1/conversations',
      `GET ${conversation}`,
      `PATCH ${conversation}`,
      `GET ${conversation}/members`,
      `POST ${conversation}/members`,
      `DELETE ${conversation}/members/{user_id}`,
      `PATCH ${conversation}/members/{user_id}`,
      `POST ${conversation}/messages`,
      `GET ${conversation}/messages`,
      `GET ${conversation}/messages/{message_id}`,
      'POST /v1/dev/tokens',
      'GET /healthz',
      'GET /readyz',
    ].toSorted(),
  );
});

test.each(routeNames)('%s has a parameter for each name in its path', (name) => {
  const { path, params: schema } = { params: undefined, ...routes[name] };
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
  expect(Object.keys(schema?.properties ?? {})).toEqual(inPath);
});

test('only what supervisors ask needs neither token nor loopback', () => {
  const open = routeNames.filter((name) => routes[name].access === 'none');
  expect(open).toEqual(['health', 'readiness']);
  for (const name of routeNames.filter((each) => routes[each].access === 'bearer')) {
    expect(routeErrors(routes[name])).toContain('unauthenticated');
  }
});

test.each([
  [{ name: 'Team' }, true],
  [{ settings: { history: 'since_join' } }, true],
  [{ name: 'Team', settings: { history: 'shared' } }, true],
  [{ name: 'x'.repeat(256) }, true],
  [{ name: 'x'.repeat(257) }, false],
  [{ name: '' }, false],
  [{ settings: {} }, false],
  [{ settings: { history: 'open' } }, false],
  [{}, false],
])('a conversation is changed by %j: %s', (body, isRight) => {
  const { error } = parseRequest('updateConversation', { params: { conversation_id: 'g_1' }, body });
  expect(error?.code).toBe(isRight ? undefined : 'bad_frame');
});

test.each([
  [{ role: 'owner' }, true],
  [{ role: 'king' }, false],
  [{}, false],
])('a role is changed by %j: %s', (body, isRight) => {
  const { error } = parseRequest('changeRole', { params: { conversation_id: 'g_1', user_id: 'me' }, body });
  expect(error?.code).toBe(isRight ? undefined : 'bad_frame');
});

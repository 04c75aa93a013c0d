import { expect, it } from 'vitest';
import { createRest, devToken, RestProblem } from './rest.ts';
import { socketRequest } from './socket.ts';
import { alice, cid } from './test-rig.ts';

const urlOf = (asked: Parameters<typeof fetch>[0]): string => (asked instanceof Request ? asked.url : asked.toString());

/** A server that gives one answer; what it was asked is in `asked`. */
function answering(status: number, body: unknown) {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const baseUrl = new URL('wss://chat.example');
  const fakeFetch = async (url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    asked.push({ url: urlOf(url), init });
    const response = new Response(JSON.stringify(body), { status });
    Object.defineProperty(response, 'url', { value: urlOf(url) });
    return response;
  };
  return { asked, options: { baseUrl, fetch: fakeFetch, token: async () => 'secret' } };
}

it('asks over HTTP with the token, and pages by position', async () => {
  const { asked, options } = answering(200, { messages: [], has_more: false });
  await createRest(options).messages(cid, { limit: 7 });
  expect(asked[0]?.url).toBe('https://chat.example/v1/conversations/g_1/messages?limit=7');
  expect(asked[0]?.init?.headers).toMatchObject({ authorization: 'Bearer secret' });
});

it('rejects with the problem the server told', async () => {
  const problem = {
    type: 'urn:parley:error:not_a_member',
    title: 'no',
    status: 403,
    detail: 'You are not a member of this conversation.',
    code: 'not_a_member',
    retryable: false,
    request_id: 'r1',
  };
  const failure = createRest(answering(403, problem).options).conversation(cid);
  await expect(failure).rejects.toBeInstanceOf(RestProblem);
  await expect(failure).rejects.toMatchObject({ message: problem.detail, problem: { code: 'not_a_member' } });
});

it('rejects what is no answer of this protocol', async () => {
  await expect(createRest(answering(502, 'Bad Gateway').options).conversations()).rejects.toThrow('HTTP 502');
  await expect(createRest(answering(200, { surprise: 1 }).options).members(cid)).rejects.toThrow('another form');
  await expect(devToken(answering(200, {}).options, alice)).rejects.toThrow('no token');
});

it('takes the socket to the same server, and the token where a browser can put it', () => {
  const { url, protocols } = socketRequest(new URL('https://chat.example'), 'secret', {
    deviceId: 'd1',
    sessionId: 's1',
  });
  expect(url).toBe('wss://chat.example/v1/ws?device=d1&session=s1');
  expect(protocols).toEqual(['chat.v1', 'bearer.secret']);
});

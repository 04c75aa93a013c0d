import { Parser } from '@asyncapi/parser';
import { expect, test } from 'vitest';
import { buildAsyncApi } from './asyncapi.ts';
import { CLIENT_FRAMES } from './client-frames.ts';
import type { JsonObject } from './json-schema.ts';
import { SERVER_FRAMES } from './server-frames.ts';

const document = buildAsyncApi({ version: '0.1.0', url: 'https://chat.parley.test' });
const parser = new Parser();

// asyncapi-latest-version: it wants 3.1; we say 3.0, which more tools read.
const skippedRules = new Set<string | number>(['asyncapi-latest-version']);

async function lint(asyncApi: JsonObject): Promise<readonly string[]> {
  const diagnostics = await parser.validate(JSON.stringify(asyncApi));
  return diagnostics.filter(({ code }) => !skippedRules.has(code)).map(({ code, message }) => `${code}: ${message}`);
}

test('the document keeps all rules of the parser', { timeout: 30_000 }, async () => {
  expect(await lint(document)).toEqual([]);
});

test('the parser sees a mistake', { timeout: 30_000 }, async () => {
  const { components: _, ...withoutComponents } = document;
  expect((await lint(withoutComponents)).join()).toMatch(/invalid-ref/);
  expect((await lint({ ...document, info: { title: 'Parley' } })).join()).toMatch(/version/);
});

test('the parser finds every frame, and what answers each of the client', { timeout: 30_000 }, async () => {
  const { document: parsed } = await parser.parse(JSON.stringify(document));
  const messages = parsed
    ?.channels()
    .get('session')
    ?.messages()
    .all()
    .map((message) => message.id());
  expect(messages?.toSorted()).toEqual([...Object.keys(CLIENT_FRAMES), ...Object.keys(SERVER_FRAMES)].toSorted());
  const resume = parsed
    ?.operations()
    .get('receive_resume')
    ?.reply()
    ?.messages()
    .all()
    .map((message) => message.id());
  expect(resume).toEqual(['history', 'resumed', 'resume_failed', 'error']);
});

test('a server with TLS is asked over wss, one without over ws', () => {
  const plain = buildAsyncApi({ version: '0.1.0', url: 'http://127.0.0.1:8080' });
  expect(document).toMatchObject({ servers: { gateway: { protocol: 'wss', host: 'chat.parley.test' } } });
  expect(plain).toMatchObject({ servers: { gateway: { protocol: 'ws', host: '127.0.0.1:8080' } } });
});

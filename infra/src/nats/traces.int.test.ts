// What a trace leaves in the log, and what becomes of it in who reads.
import type { StoredEvent } from '@parley/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRoom, messageIn, openTestLog, readAll, type TestLog } from './test-log.ts';
import { startTestServer, type TestServer } from './test-servers.ts';

const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const passedOn = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01';

let server: TestServer;
let opened: TestLog;
let heard: { readonly stored: StoredEvent; readonly traceparent: string }[];
let ended: number;

beforeEach(async () => {
  server = await startTestServer();
  heard = [];
  ended = 0;
  opened = await openTestLog({
    servers: server.url,
    observer: {
      traceAppend: (traceparent) =>
        traceparent === given ? { traceparent: passedOn, [Symbol.dispose]: () => void ended++ } : undefined,
      tracedEvent: (stored, traceparent) => heard.push({ stored, traceparent }),
    },
  });
}, 60_000);

afterEach(async () => {
  await opened[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('a traced append hands its trace on beside the event, and an untraced one nothing', async () => {
  const room = await createRoom(opened);
  const untraced = await opened.log.append(messageIn(opened.world, room));
  const traced = await opened.log.append(messageIn(opened.world, room), given);
  expect([untraced.type, traced.type, ended]).toEqual(['Appended', 'Appended', 1]);
  const events = await readAll(opened.log, room.shard);
  expect(heard.map(({ traceparent }) => traceparent)).toEqual([passedOn]);
  const carrying = events.at(-1);
  expect(heard[0]?.stored.position).toBe(carrying?.position);
  expect(JSON.stringify(events)).not.toMatch(/traceparent|0af7651916cd43dd/); // folds and stores are given nothing more
});

// Retry for ever: the same id gives the same message, whatever the client's clock, across restarts, and when the log's own
// memory of ids is long gone.
import { expect, test } from 'vitest';
import { eventually, isAcked, RecordingClient } from '@parley/proof';
import { StandaloneProcess } from './standalone-process.ts';

const minutes = 60_000;

async function withClient(standalone: StandaloneProcess, userId: string, clockOffsetMs = 0) {
  const options = { url: () => standalone.socketUrl, userId, token: (user: string) => standalone.token(user) };
  const client = new RecordingClient({ ...options, clockOffsetMs });
  client.start();
  await eventually('the client is connected', () => client.isReady);
  const { conversation_id: id } = await standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', {
    token: await standalone.token(userId),
    body: { type: 'direct', members: ['peer'] },
  });
  return { client, id };
}

test.for([
  ['right', 0],
  ['10 minutes behind', -10 * minutes],
  ['10 seconds ahead', 10_000],
] as const)('with a clock that is %s, a retry after restarts gives the same id', async ([, offset]) => {
  await using standalone = await StandaloneProcess.start();
  const { client, id } = await withClient(standalone, 'user', offset);
  const clientMsgId = client.newId();
  const first = await client.send(id, 'once', clientMsgId);
  const again = await client.send(id, 'once', clientMsgId);
  await standalone.killTree();
  await standalone.start();
  const afterRestart = await client.send(id, 'once', clientMsgId);
  const positions = [first, again, afterRestart].map((outcome) => isAcked(outcome) && outcome.position);
  expect(new Set(positions).size).toBe(1);
  expect([first, again, afterRestart].map((outcome) => isAcked(outcome) && outcome.duplicate)).toEqual([
    false,
    true,
    true,
  ]);
  expect(await client.send(id, 'something else', clientMsgId)).toEqual({ code: 'idempotency_mismatch' });
  const stored = (await standalone.readLog()).filter((entry) => entry.clientMsgId === clientMsgId);
  expect(stored).toHaveLength(1);
  client.stop();
});

test('a clock 10 minutes ahead is refused, and the id sent again when its time has come is stored once', async () => {
  await using standalone = await StandaloneProcess.start();
  const { client, id } = await withClient(standalone, 'user', 10 * minutes);
  const clientMsgId = client.newId();
  expect(await client.send(id, 'too early', clientMsgId)).toEqual({ code: 'clock_ahead' });
  expect(await client.send(id, 'too early', clientMsgId)).toEqual({ code: 'clock_ahead' });
  const stored = (await standalone.readLog()).filter((entry) => entry.clientMsgId === clientMsgId);
  expect(stored).toEqual([]);
  client.stop();
});

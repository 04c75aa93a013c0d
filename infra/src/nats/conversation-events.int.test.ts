// Direct get is only the quick way: without it, or with a replica that lags, the answer is the same.
import { NO_POSITION, position } from '@parley/domain';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { directBatch } from './direct-get.ts';
import { chatStream, chatSubject } from './subjects.ts';
import { createRoom, memberLeaves, messageIn, openTestLog, stored, type Room, type TestLog } from './test-log.ts';
import { startTestServer } from './test-servers.ts';

test('direct get brings every event of the subject in the range, by one request', async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url });
  const { room, changes } = await roomWithChanges(opened);
  const found = await directBatch(opened, {
    stream: chatStream(room.shard),
    subject: chatSubject({ ...room, kind: 'meta' }),
    from: room.meta + 1,
    upTo: changes.at(-2) ?? 0,
  });
  expect(found.map((record) => record.position)).toEqual(changes.slice(1, -1));
});

test('what direct get does not bring is read from the leader', async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url });
  const { room, changes } = await roomWithChanges(opened);
  const expected = await opened.log.conversationEvents(room.conversationId, NO_POSITION);
  const jsm = await jetstreamManager(opened.connection.nc);
  await jsm.streams.update(chatStream(room.shard), { allow_direct: false });
  const found = await opened.log.conversationEvents(room.conversationId, NO_POSITION);
  expect(found.map((event) => event.position)).toEqual(changes);
  expect(found).toEqual(expected);
});

/** Changes among messages, of this conversation and another. */
async function roomWithChanges(opened: TestLog): Promise<{ room: Room; changes: readonly number[] }> {
  const room = await createRoom(opened, 'one');
  const other = await createRoom(opened, 'other');
  const changes: number[] = [room.meta];
  for (let count = 0; count < 10; count++) {
    const now = { ...room, meta: position(changes.at(-1) ?? 0) };
    await stored(opened.log, messageIn(opened.world, other));
    await stored(opened.log, messageIn(opened.world, now));
    changes.push((await stored(opened.log, memberLeaves(opened.world, now))).position);
  }
  return { room, changes };
}

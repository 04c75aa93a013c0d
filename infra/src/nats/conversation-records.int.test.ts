// What is stored of a conversation comes whole and as it was published, with direct gets and without.
import { NO_POSITION, position } from '@parley/domain';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { encodeEvent } from './codec.ts';
import { decodeRaw, type RawRecord } from './raw-record.ts';
import { chatStream } from './subjects.ts';
import { createRoom, memberLeaves, messageIn, openTestLog, stored, type Room, type TestLog } from './test-log.ts';
import { startTestServer } from './test-servers.ts';

test('every record of a conversation comes in order, with the headers it was published with', async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url });
  const { room, positions } = await talkingRoom(opened);
  const records = await allRecords(opened, room);
  expect(records.map((record) => record.position)).toEqual(positions);
  for (const record of records) {
    const expected = await opened.log.readOne(room.shard, record.position);
    expect(decodeRaw(record)).toEqual(expected);
    expect(new Map(Object.entries(record.headers))).toEqual(
      expected && encodeEvent(expected, opened.log.shards).headers,
    );
  }
});

test('a range of a conversation has both its ends', async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url });
  const { room, positions } = await talkingRoom(opened);
  const [, second, , , fifth] = positions;
  const records = await allRecords(opened, room, { after: position(second ?? 0), upTo: position(fifth ?? 0) });
  expect(records.map((record) => record.position)).toEqual(positions.slice(2, 5));
});

test('what direct get does not bring is read from the leader, and is the same', async () => {
  await using server = await startTestServer();
  await using opened = await openTestLog({ servers: server.url });
  const { room } = await talkingRoom(opened);
  const expected = await allRecords(opened, room);
  const jsm = await jetstreamManager(opened.connection.nc);
  await jsm.streams.update(chatStream(room.shard), { allow_direct: false });
  expect(await allRecords(opened, room)).toEqual(expected);
});

async function allRecords(
  { log }: TestLog,
  { conversationId }: Room,
  range: { readonly after: typeof NO_POSITION; readonly upTo?: typeof NO_POSITION } = { after: NO_POSITION },
): Promise<readonly RawRecord[]> {
  const records: RawRecord[] = [];
  for await (const some of log.records(conversationId, range)) {
    records.push(...some.map((record) => ({ ...record, body: Buffer.from(record.body) })));
  }
  return records;
}

/** Messages and changes, among others of another conversation. */
async function talkingRoom(opened: TestLog): Promise<{ room: Room; positions: readonly number[] }> {
  const room = await createRoom(opened, 'one');
  const other = await createRoom(opened, 'other');
  const positions: number[] = [room.meta];
  for (let count = 0; count < 4; count++) {
    await stored(opened.log, messageIn(opened.world, other));
    positions.push((await stored(opened.log, messageIn(opened.world, room))).position);
  }
  positions.push((await stored(opened.log, memberLeaves(opened.world, room))).position);
  return { room, positions };
}

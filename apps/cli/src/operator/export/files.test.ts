import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ClientMessageId, ConversationId, StoredEvent, UserId } from '@parley/domain';
import { historyIs, renamed, roleOf, stored } from '@parley/domain/testing';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterEach, expect, it } from 'vitest';
import { COLUMN_NAMES, toRow } from './columns.ts';
import { PARQUET } from './parquet-file.ts';
import { writeRowFile, type ExportFormat } from './row-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'parley-export-'));
const file = path.join(folder, 'rows');
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
});

const ada = 'ada' as UserId;
const conversationId = 'g_one' as ConversationId;
const clientMsgId = '0190a0b0-0000-7000-8000-000000000001' as ClientMessageId;
const created = stored(
  1,
  {
    type: 'conversation.created',
    kind: 'group',
    memberIds: [ada],
    name: 'Größe "1"\n',
    settings: { history: 'shared' },
  },
  { conversationId },
);
const sent = stored(
  2,
  {
    type: 'message.sent',
    clientMsgId,
    body: 'hé\n👍🏽',
    bodyType: 'text',
    mentions: [{ userId: ada, offset: 0, length: 1 }],
  },
  { conversationId, storedTs: 1_800_000_000_123, notAfterTs: 1_800_000_000_122 },
);
const added = stored(3, { type: 'conversation.members_added', userIds: [ada], role: 'admin' }, { conversationId });
const events: readonly StoredEvent[] = [created, sent, added];

const write = (format: ExportFormat, of = events): Promise<number | undefined> =>
  writeRowFile(file, format, async (sink) => {
    await sink.write(of.map((event) => toRow(event, 7)));
    return of.length;
  });

const readParquet = async () => parquetReadObjects({ file: await asyncBufferFromFile(file) });

it('writes what an event says into JSON lines, times as text', async () => {
  expect(await write('jsonl')).toBe(3);
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(rows[1]).toEqual({
    conversation_id: 'g_one',
    shard: 7,
    position: 2,
    stored_at: '2027-01-15T08:00:00.123Z',
    type: 'message.sent',
    actor_id: sent.actorId,
    is_void: true,
    decided_on: sent.decidedOn,
    not_after: '2027-01-15T08:00:00.122Z',
    client_msg_id: clientMsgId,
    body: 'hé\n👍🏽',
    body_type: 'text',
    mentions: [{ user_id: 'ada', offset: 0, length: 1 }],
  });
  expect(rows[2]).toMatchObject({
    type: 'conversation.members_added',
    user_ids: ['ada'],
    role: 'admin',
    is_void: false,
  });
});

it('writes the same rows into Parquet, typed, null where a column does not apply', async () => {
  await write('parquet');
  const [first, second] = await readParquet();
  expect(Object.keys(first ?? {})).toEqual(COLUMN_NAMES);
  expect(first).toMatchObject({ name: 'Größe "1"\n', user_ids: ['ada'], history: 'shared', body: null, shard: 7n });
  expect(second).toMatchObject({
    position: 2n,
    stored_at: new Date(1_800_000_000_123),
    is_void: true,
    body: 'hé\n👍🏽',
    mentions: [{ user_id: 'ada', offset: 0, length: 1 }],
    name: null,
  });
});

it('closes a row group when it is full, and loses no row at its edge', async () => {
  const many = Array.from({ length: 20 }, (_, at) => {
    const body = 'x'.repeat(PARQUET.bodiesPerGroupMax / 8);
    return stored(at + 1, { type: 'message.sent', clientMsgId, body, bodyType: 'text' }, { conversationId });
  });
  await write('parquet', many);
  const { row_groups: groups } = await parquetMetadataAsync(await asyncBufferFromFile(file));
  expect(groups.map(({ num_rows: rows }) => rows)).toEqual([8n, 8n, 4n]);
  expect((await readParquet()).map((row) => row['position'])).toEqual(many.map((event) => BigInt(event.position)));
});

it('leaves a table of no rows, with its columns', async () => {
  await write('parquet', []);
  expect(await readParquet()).toEqual([]);
});

it.each(['jsonl', 'parquet'] as const)('leaves no %s file behind when it is not finished', async (format) => {
  const interrupted = writeRowFile(file, format, async (sink) => {
    await sink.write([toRow(sent, 1)]);
    return undefined;
  });
  expect(await interrupted).toBeUndefined();
  const failed = writeRowFile(file, format, async () => {
    throw new Error('no log');
  });
  await expect(failed).rejects.toThrow('no log');
  expect(readdirSync(folder)).toEqual([]);
});

it('has what happened to a group in the columns of its creation', () => {
  const rows = [renamed('Tea'), historyIs('since_join'), roleOf(ada, 'admin')].map((event, index) =>
    toRow(stored(index + 1, event), 7),
  );
  expect(rows).toMatchObject([
    { type: 'conversation.renamed', name: 'Tea' },
    { type: 'conversation.settings_changed', history: 'since_join' },
    { type: 'conversation.role_changed', user_ids: ['ada'], role: 'admin' },
  ]);
});

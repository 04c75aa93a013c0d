// What the log says of a conversation, told, asked about the past, exported and carried elsewhere: the commands are processes of their
// own, on one running system.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers as createHeaders } from '@nats-io/transport-node';
import { NO_POSITION, position, shardOf, type ClientMessageId, type ConversationId, type UserId } from '@parley/domain';
import { encodeEvent } from '@parley/infra/nats';
import { StandaloneProcess } from '@parley/standalone/testing';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainFile, parley, parleyJson } from './parley.ts';

const shards = 16;
const folder = mkdtempSync(path.join(tmpdir(), 'parley-stories-'));
const fileIn = (name: string): string => path.join(folder, name);

let standalone: StandaloneProcess;
let environment: Record<string, string>;
let plan: Plan;

beforeAll(async () => {
  standalone = await StandaloneProcess.start();
  environment = { PARLEY_DATA_DIR: standalone.dataDir };
  plan = await talk();
});

afterAll(async () => {
  await standalone[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('the story says who did what, in order, and marks what is void', async () => {
  const { code, stdout } = await parley(environment, 'log', plan.id);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => /^ *#(\d+) /.exec(line)?.[1])).toEqual(Object.values(plan.at).map(String));
  const said = (at: number): string => lines.find((line) => line.includes(`#${at} `)) ?? '';
  expect(said(plan.at.created)).toMatch(/-- ann created the group "Plan" of ann, bob \(history: shared\)$/);
  expect(said(plan.at.hello)).toMatch(/bob: hello @ann ↵ and nothing red: \[31m/);
  expect(said(plan.at.added)).toMatch(/-- ann added cyd as admin$/);
  expect(said(plan.at.answer)).toMatch(new RegExp(`cyd \\(answers #${plan.at.hello}; mentions bob\\): hi @bob$`));
  expect(said(plan.at.voided)).toMatch(/VOID, stored \d+\.\d s after its not-after: bob: too late$/);
  expect(said(plan.at.removed)).toMatch(/-- ann removed bob$/);
  expect(stdout).not.toContain('\u001b');
});

test('a part of the story is told, to people and as JSON lines', async () => {
  const range = ['--from', `${plan.at.added}`, '--to', `${plan.at.voided}`];
  const { stdout } = await parley(environment, 'log', plan.id, ...range, '--json');
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(entries).toMatchObject([
    { position: plan.at.added, type: 'conversation.members_added', userIds: ['cyd'], isVoid: false },
    { position: plan.at.answer, type: 'message.sent', body: 'hi @bob', replyTo: plan.at.hello, actorId: 'cyd' },
    { position: plan.at.voided, body: 'too late', isVoid: true },
  ]);
});

interface Shown {
  readonly members: readonly { readonly userId: string; readonly role: string }[];
  readonly formerMembers: readonly string[];
  readonly messages: readonly { readonly body: string }[];
  readonly messageCount: number;
}

const bodies = (shown: Shown): readonly string[] => shown.messages.map(({ body }) => body);

test('a conversation is shown as it was at a position', async () => {
  const at = (moment: number): Promise<Shown> => parleyJson<Shown>(environment, 'show', plan.id, '--at', `${moment}`);
  const before = await at(plan.at.hello);
  expect(before.members.map(({ userId, role }) => [userId, role])).toEqual([
    ['ann', 'owner'],
    ['bob', 'member'],
  ]);
  expect(bodies(before)).toEqual(['hello @ann\nand nothing red: \u001b[31m']);
  const between = await at(plan.at.voided);
  expect(between.members.map(({ userId, role }) => [userId, role])).toContainEqual(['cyd', 'admin']);
  expect(bodies(between)).toHaveLength(2);
  const now = await parleyJson<Shown>(environment, 'show', plan.id, '--limit', '1');
  expect(now.members.map(({ userId }) => userId)).toEqual(['ann', 'cyd']);
  expect(now.formerMembers).toEqual(['bob']);
  expect(bodies(now)).toEqual(['goodbye']);
  expect(now.messageCount).toBe(3);
});

test('a conversation is shown as it was at a time, which people read, too', async () => {
  const { storedMs } = (await standalone.readLog()).find(
    (one) => one.position === plan.at.added && one.conversationId === plan.id,
  ) ?? { storedMs: 0 };
  const { code, stdout } = await parley(environment, 'show', plan.id, '--at', new Date(storedMs).toISOString());
  expect(code).toBe(0);
  expect(stdout).toMatch(/group "Plan", created by ann; history: shared; messages: 1/);
  expect(stdout).toMatch(/cyd\s+admin\s+#\d+/);
  expect(stdout).not.toContain('hi @bob');
});

test.each([
  ['log', ['log', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['show', ['show', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['a bad id', ['log', 'a.b'], /no conversation's id/],
  ['a bad time', ['show', 'g_x', '--at', 'noon'], /is no time/],
  ['an export of nothing named', ['export', '--out', 'x'], /either a conversation or --since/],
  ['an export to nowhere', ['export', '--since', '1h'], /--out <file>/],
  ['rows that are to be redacted', ['export', 'g_x', '--redact', '--out', 'x'], /not redacted/],
  ['a bundle that is not there', ['replay', '/nowhere/b'], /cannot be opened/],
  ['hash', ['hash', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['verify', ['verify', 'timeline', '--conversation', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['a refold', ['rebuild', 'timeline', '--conversation', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['parked', ['parked', 'show', 'g_nobody-ever'], /no event of g_nobody-ever/],
  ['a bad time since', ['rebuild', 'timeline', '--since', '5'], /is no time/],
  ['a projection that nobody keeps', ['verify', 'messages_per_day'], /PARLEY_PROJECTIONS=messages_per_day/],
  ['no projection', ['switch', 'nonsense', '1'], /there is no projection nonsense, only/],
  ['no command', ['nosuch'], /unknown command/],
  ['no flag', ['status', '--nosuch'], /unknown option/],
  ['nothing where something is asked for', ['log'], /missing required argument/],
] as const)('%s is refused with 2 and a reason', async (_, args, reason) => {
  const { code, stderr, stdout } = await parley(environment, ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(reason);
});

test('whoever reads an answer may leave before its end', () => {
  const command = ['--norc', '-o', 'pipefail', '-c', '"$0" "$1" status | true', process.execPath, mainFile];
  const { status, stderr } = spawnSync('bash', command, {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 141, stderr: '' });
});

test('rows of one conversation, and of all since a time, are those of the log', async () => {
  const log = (await standalone.readLog()).toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
  const one = await parleyJson<{ rows: number; voided: number }>(
    environment,
    'export',
    plan.id,
    '--out',
    fileIn('one.jsonl'),
  );
  expect(one).toMatchObject({ rows: Object.keys(plan.at).length, voided: 1 });
  await parleyJson(environment, 'export', '--since', '1d', '--format', 'parquet', '--out', fileIn('all.parquet'));
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(fileIn('all.parquet')) });
  const found = rows.map((row) => ({
    conversationId: String(row['conversation_id']),
    position: Number(row['position']),
    actorId: row['actor_id'],
    isVoid: row['is_void'],
    body: row['body'] ?? undefined,
  }));
  expect(found.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)))).toEqual(
    log.map(({ conversationId, position, actorId, isVoid, body }) => ({
      conversationId,
      position,
      actorId,
      isVoid,
      body,
    })),
  );
  await parleyJson(environment, 'export', '--since', '2100-01-01', '--out', fileIn('none.jsonl'));
  expect(readFileSync(fileIn('none.jsonl'), 'utf8')).toBe('');
  expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
});

interface Replayed {
  readonly compared: readonly { readonly projection: string; readonly isSame: boolean; readonly here: object }[];
}

const lastLine = (stdout: string): Replayed => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Replayed;

test('a bundle folds elsewhere to the same hashes, and one that was changed does not', async () => {
  const file = fileIn('plan.bundle');
  await parleyJson(environment, 'export', '--bundle', plan.id, '--out', file);
  const elsewhere = { PARLEY_DATA_DIR: fileIn('no-such-system') };
  const { code, stdout } = await parley(elsewhere, 'replay', file, '--json');
  expect(code).toBe(0);
  expect(lastLine(stdout).compared.map(({ projection, isSame }) => [projection, isSame])).toEqual([
    ['timeline', true],
    ['conversations', true],
  ]);
  const told = await parley(elsewhere, 'replay', file);
  expect(told.stdout).toContain((await parley(environment, 'log', plan.id)).stdout.trimEnd());
  expect(told.stdout).toMatch(/timeline\s+[\w-]{22}\s+the same/);

  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  writeFileSync(fileIn('changed'), lines.with(2, (lines[2] ?? '').replace(/"time":"\d{4}/, '"time":"1999')).join('\n'));
  expect((await parley(elsewhere, 'replay', fileIn('changed'))).code).toBe(1);
  writeFileSync(fileIn('cut'), lines.slice(0, -1).join('\n'));
  expect(await parley(elsewhere, 'replay', fileIn('cut'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('not whole'),
  });
  writeFileSync(fileIn('missing'), lines.toSpliced(2, 1).join('\n'));
  expect(await parley(elsewhere, 'replay', fileIn('missing'))).toMatchObject({ code: 2 });
  writeFileSync(fileIn('other'), 'hello\n');
  expect(await parley(elsewhere, 'replay', fileIn('other'))).toMatchObject({ code: 2 });
});

test('a redacted bundle holds no id, name or word of the conversation, and folds', async () => {
  const file = fileIn('redacted.bundle');
  await parleyJson(environment, 'export', '--bundle', plan.id, '--redact', '--out', file);
  const bundle = readFileSync(file, 'utf8');
  const inside = bundle.split('\n').flatMap((line) => {
    const { body } = JSON.parse(line || '{}') as { body?: string };
    return body === undefined ? [] : [Buffer.from(body, 'base64').toString('latin1')];
  });
  for (const secret of [plan.id, plan.id.slice(2, 12), ...plan.clientMsgIds, 'Plan', 'hello', 'too late', 'goodbye']) {
    expect(bundle).not.toContain(secret);
    expect(inside.join(' ')).not.toContain(secret);
  }
  for (const name of ['ann', 'bob', 'cyd']) expect(inside.join(' ')).not.toMatch(new RegExp(`\\b${name}\\b`));
  const { code, stdout } = await parley({ PARLEY_DATA_DIR: folder }, 'replay', file);
  expect(code).toBe(0);
  expect(stdout.match(/^ *#\d+ /gm)).toHaveLength(Object.keys(plan.at).length);
});

test('an event that this build cannot read is told and carried, and is where the folds stop', async () => {
  const strange = 'g_strange' as ConversationId;
  await publish({ ...message(strange, 'from the future'), name: 'message.sent.v9' });
  const told = await parley(environment, 'log', strange);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/NOT READABLE by this build: message\.sent\.v9 actor=bob/);
  const file = fileIn('strange.bundle');
  expect((await parley(environment, 'export', '--bundle', strange, '--out', file)).code).toBe(0);
  const { code, stdout } = await parley(environment, 'replay', file);
  expect(code).toBe(0);
  expect(stdout).toMatch(/timeline\s+stopped at #\d+\s+the same/);
  const redacting = await parley(environment, 'export', '--bundle', strange, '--redact', '--out', fileIn('never'));
  expect(redacting.code).toBe(1);
  expect(readdirSync(folder)).not.toContain('never');
});

const keyOf = (at: { readonly conversationId: string; readonly position: number }): string =>
  `${at.conversationId} ${String(at.position).padStart(9, '0')}`;

interface Plan {
  readonly id: ConversationId;
  /** Positions, in order. */
  readonly at: Readonly<Record<'created' | 'hello' | 'added' | 'answer' | 'voided' | 'removed' | 'goodbye', number>>;
  readonly clientMsgIds: readonly string[];
}

const uuid = (number: number): ClientMessageId =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` as ClientMessageId;

/** A group with a bit of everything, others talking beside it. */
async function talk(): Promise<Plan> {
  const [ann, bob, cyd] = await Promise.all(['ann', 'bob', 'cyd'].map((user) => standalone.token(user)));
  const open = (body: object) =>
    standalone.call<{ conversation_id: ConversationId }>('POST', '/v1/conversations', { token: ann ?? '', body });
  const { conversation_id: id } = await open({ type: 'group', members: ['bob'], name: 'Plan' });
  const url = `/v1/conversations/${id}`;
  const { conversation_id: other } = await open({ type: 'direct', members: ['bob'] });
  const say = async (token = '', conversation: string, body: object): Promise<number> => {
    const said = await standalone.call<{ position: string }>('POST', `/v1/conversations/${conversation}/messages`, {
      token,
      body,
    });
    return Number(said.position);
  };
  const hello = await say(bob, id, { client_msg_id: uuid(1), body: 'hello @ann\nand nothing red: \u001b[31m' });
  await say(ann, other, { client_msg_id: uuid(2), body: 'elsewhere' });
  await standalone.call('POST', `${url}/members`, { token: ann ?? '', body: { user_ids: ['cyd'], role: 'admin' } });
  const mentions = [{ user_id: 'bob', offset: 3, length: 4 }];
  const answer = await say(cyd, id, { client_msg_id: uuid(3), body: 'hi @bob', reply_to: `${hello}`, mentions });
  const voided = await publish({ ...message(id, 'too late'), lateMs: 2_500 });
  await standalone.call('DELETE', `${url}/members/bob`, { token: ann ?? '' });
  const goodbye = await say(ann, id, { client_msg_id: uuid(4), body: 'goodbye' });
  const positions = (await standalone.readLog()).filter((one) => one.conversationId === id).map((one) => one.position);
  const [created = 0, , added = 0, , , removed = 0] = positions.toSorted((a, b) => a - b);
  return { id, at: { created, hello, added, answer, voided, removed, goodbye }, clientMsgIds: [1, 3, 4].map(uuid) };
}

interface Published {
  readonly conversationId: ConversationId;
  readonly body: string;
  readonly lateMs?: number;
  readonly name?: string;
}

const message = (conversationId: ConversationId, body: string): Published => ({ conversationId, body });

/** Straight into the log, as no gateway would. */
async function publish({
  conversationId,
  body,
  lateMs = -30_000,
  name = 'message.sent.v1',
}: Published): Promise<number> {
  const encoded = encodeEvent(
    {
      conversationId,
      actorId: 'bob' as UserId,
      event: { type: 'message.sent', clientMsgId: uuid(9), body, bodyType: 'text' },
      decidedOn: position(NO_POSITION),
      notAfterTs: Date.now() - lateMs,
      idempotencyKey: `key-${body}`,
      bodyHash: 'hash',
    },
    shards,
  );
  const headers = createHeaders();
  for (const [key, value] of encoded.headers) if (!key.startsWith('Nats-Expected')) headers.set(key, value);
  const record = Buffer.from(encoded.body).toString('latin1').replace('message.sent.v1', name);
  await using nc = await connect({ servers: standalone.natsUrl });
  expect(shardOf(conversationId, shards)).toBeLessThan(shards);
  return (await jetstream(nc).publish(encoded.subject, Buffer.from(record, 'latin1'), { headers })).seq;
}

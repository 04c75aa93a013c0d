// The program of docs/guides/external-consumer.md, taken from the page and run as it stands, beside our own reader.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  isVoid,
  NO_POSITION,
  UnknownEventVersion,
  type ChatEvent,
  type Position,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeEvent } from './codec.ts';
import { EVENT_TYPES, versionedName } from './event-types.ts';
import { chatStream } from './subjects.ts';
import { createRoom, memberLeaves, messageIn, openTestLog, stored, type Room, type TestLog } from './test-log.ts';
import { startTestServer, type TestServer } from './test-servers.ts';

const root = path.join(import.meta.dirname, '../../..');
const shard = 0 as Shard;

let resources: AsyncDisposableStack;
let server: TestServer;
let opened: TestLog;
let folder: string;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  server = resources.use(await startTestServer());
  opened = resources.use(await openTestLog({ servers: server.url, shards: 1 }));
  folder = await mkdtemp(path.join(tmpdir(), 'parley-consumer-'));
  resources.defer(() => rm(folder, { recursive: true }));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'consumer.mjs'), await program());
});
afterAll(() => resources.disposeAsync());

test('has twenty lines', async () => {
  const lines = (await program()).split('\n').filter((line) => line !== '' && !line.startsWith('//'));
  expect(lines.length).toBeLessThanOrEqual(20);
});

test('gives from every position what our own reader gives, follows, and stops at a newer version', async () => {
  const rooms = [await createRoom(opened), await createRoom(opened)];
  await say(rooms);
  const planted = await plantVoid(rooms);
  const middle = await say(rooms);

  const live = run(0);
  await live.untilIt((line) => line.position === middle);
  await say(rooms);
  const newer = await plantNewer(rooms);
  await say(rooms);

  const own = await ownReading();
  expect(own.length).toBe(newer - 2);
  expect(own.map((line) => line.position)).not.toContain(planted);
  expect(await live.ended()).toEqual({
    lines: own,
    code: 1,
    errors: expect.stringContaining('newer than this reader'),
  });
  for (const after of [1, planted - 1, planted, middle, newer - 1]) {
    const { lines, code, errors } = await run(after).ended();
    expect({ after, lines }).toEqual({ after, lines: own.filter((line) => line.position > after) });
    expect([code, errors]).toEqual([1, expect.stringContaining(`message.sent.v2 at ${newer}: newer`)]);
  }
});

test('stops where an event is gone', async () => {
  const manager = await jetstreamManager(opened.connection.nc);
  await manager.streams.deleteMessage(chatStream(shard), 4);
  const { lines, code, errors } = await run(0).ended();
  expect(lines.map((line) => line.position)).toEqual([1, 2, 3]);
  expect([code, errors]).toEqual([1, expect.stringContaining('5 follows 3: the log has a hole')]);
});

test('knows every event that this build writes', async () => {
  const [, known = ''] = /^const known = \/(.*)\/;$/m.exec(await program()) ?? [];
  const names = Object.entries(EVENT_TYPES).map(([type, { version }]) => `${type}.v${version}`);
  expect(names.filter((name) => !new RegExp(known).test(name))).toEqual([]);
});

async function program(): Promise<string> {
  const page = await readFile(path.join(root, 'docs/guides/external-consumer.md'), 'utf8');
  const [, block] = /^```js\n(.*?)^```$/ms.exec(page) ?? [];
  if (block === undefined) throw new Error('the page has no program');
  return block;
}

/** What the program prints for an event. */
interface Line {
  readonly position: number;
  readonly conversation: string;
  readonly event: string;
  readonly actor: string;
  readonly data: unknown;
}

function run(after: number) {
  const child = spawn(process.execPath, ['consumer.mjs', `${shard}`, `${after}`], {
    cwd: folder,
    env: { NATS_URL: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  resources.defer(() => void child.kill('SIGKILL'));
  const exit = once(child, 'close');
  const lines: Line[] = [];
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const output = createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line));
  return {
    untilIt: async (isIt: (line: Line) => boolean): Promise<void> => {
      while (!lines.some(isIt)) await once(output, 'line');
    },
    ended: async () => {
      const [code] = await exit;
      return { lines, code: code as number | null, errors };
    },
  };
}

async function ownReading(): Promise<readonly Line[]> {
  const seen: StoredEvent[] = [];
  const reading = async (): Promise<void> => {
    const { signal } = new AbortController();
    for await (const batch of opened.log.read(shard, NO_POSITION, { reader: 'own', signal })) seen.push(...batch);
  };
  await expect(reading()).rejects.toThrow(UnknownEventVersion);
  return seen.filter((event) => !isVoid(event)).map(lineOf);
}

function lineOf({
  position,
  conversationId: conversation,
  actorId: actor,
  event: { type, ...data },
}: StoredEvent): Line {
  return { position, conversation, event: versionedName(type), actor, data };
}

const TEXTS = ['hello', 'héllo, 你好 🎉', 'long '.repeat(200), ''];

/** One message of each kind in each room, and somebody who leaves; gives the last one's position. */
async function say(rooms: Room[]): Promise<Position> {
  for (const [index, room] of rooms.entries()) {
    for (const body of TEXTS) await append(room, { body, replyTo: room.meta });
    const mentions = [{ userId: 'bob' as UserId, offset: 0, length: 5 }];
    await append(room, { body: '@bobby', mentions });
    const { position: meta } = await stored(opened.log, memberLeaves(opened.world, room));
    rooms[index] = { ...room, meta };
  }
  return opened.log.head(shard);
}

async function append(room: Room, content: Partial<ChatEvent>): Promise<Position> {
  const message = messageIn(opened.world, room);
  const event = { ...message.event, ...content } as ChatEvent;
  return (await stored(opened.log, { ...message, event })).position;
}

/** Stored by a gateway whose clock is a minute late: after its not-after by the log's. */
async function plantVoid([room]: readonly Room[]): Promise<Position> {
  opened.world.offsetMs = -60_000;
  const at = await append(room as Room, { body: 'too late' });
  opened.world.offsetMs = 0;
  return at;
}

/** As a newer build would. */
async function plantNewer([room]: readonly Room[]): Promise<Position> {
  const { subject, body } = encodeEvent(messageIn(opened.world, room as Room), 1);
  const newer = Buffer.from(body).toString('latin1').replace('sent.v1', 'sent.v2');
  await opened.connection.nc.request(subject, Buffer.from(newer, 'latin1'));
  return opened.log.head(shard);
}

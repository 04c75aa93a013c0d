// Two builds beside each other: what the older one does with events of a newer version, and that each reads a generation of its own.
// The next build is this one with tables changed before it begins (next-events.ts, next-timeline.ts).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { allShards, shardOf, type ConversationId, type Shard } from '@parley/domain';
import { connectNats, openGenerationRegistry } from '@parley/infra/nats';
import { withServing } from '@parley/projections';
import { eventually, isAcked, readStoredRows, RecordingClient, walkPages, type Shown } from '@parley/proof';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { nextBuild } from './next-build.ts';
import { StandaloneProcess } from './standalone-process.ts';

const shards = 4;
const fileOf = (name: string): string => path.join(import.meta.dirname, name);

function start(worker: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { PATH } = process.env;
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  return spawn(process.execPath, [fileOf(worker), ...args], { stdio: [...stdio], env: { PATH, ...environment } });
}

/** By a process that is not the gateway, of this build or the next; gives the position. */
async function append([natsUrl, id, body]: readonly [string, string, string], build = {}): Promise<number> {
  const { stdout } = start('append-worker.ts', [natsUrl, id, 'alice', body], build);
  if (!stdout) throw new Error('no output');
  const { position } = JSON.parse(await text(stdout)) as { position?: number };
  if (position === undefined) throw new Error(`${body} was not appended`);
  return position;
}

/** Versioned names of a shard's events, and how many there are. */
async function namesIn(natsUrl: string, shard: Shard): Promise<readonly string[]> {
  const nc = await connect({ servers: natsUrl });
  try {
    const jsm = await jetstreamManager(nc);
    const { state } = await jsm.streams.info(`CHAT_${shard}`);
    const messages = Array.from({ length: state.last_seq }, (_, index) =>
      jsm.streams.getMessage(`CHAT_${shard}`, { seq: index + 1 }),
    );
    return (await Promise.all(messages)).map((message) => message?.header.get('Parley-Event') ?? '');
  } finally {
    await nc.close();
  }
}

function parkedIn(dataDir: string, projection: string): number {
  using database = new DatabaseSync(path.join(dataDir, 'read-models', `${projection}-g1.sqlite`), { readOnly: true });
  return Number(database.prepare('SELECT count(*) AS parked FROM parked').get()?.['parked']);
}

async function group(standalone: StandaloneProcess, name: string): Promise<ConversationId> {
  const token = await standalone.token('alice');
  const body = { type: 'group', name, members: ['bob'] };
  const call = standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', { token, body });
  return (await call).conversation_id as ConversationId;
}

const bodyOf = ({ said }: Shown): string | undefined => (said.type === 'message' ? said.body : undefined);

/** Two in one shard, one in each of two others. */
async function conversationsOf(standalone: StandaloneProcess) {
  const byShard = new Map<Shard, ConversationId[]>();
  for (let nth = 0; nth < 60; nth++) {
    const id = await group(standalone, `group ${nth}`);
    const shard = shardOf(id, shards);
    byShard.set(shard, [...(byShard.get(shard) ?? []), id]);
    const shared = [...byShard].find(([, ids]) => ids.length >= 2);
    if (shared && byShard.size === shards) {
      const [, [first, second]] = shared as [Shard, [ConversationId, ConversationId]];
      const others = [...byShard].filter(([each]) => each !== shared[0]).flatMap(([, ids]) => ids.slice(0, 1));
      return { shard: shared[0], first, second, others };
    }
  }
  throw new Error('no two groups in one shard');
}

test('an event of a newer version stops its shard alone, and the next build goes on from there', async () => {
  await using older = await StandaloneProcess.start({ PARLEY_SHARDS: String(shards) });
  let current = older;
  const { dataDir } = older;
  const [alice, bob] = ['alice', 'bob'].map((userId) => {
    const token = (id: string) => current.token(id);
    const client = new RecordingClient({ url: () => current.socketUrl, userId, token });
    client.start();
    return client;
  }) as [RecordingClient, RecordingClient];
  const { shard, first, second, others } = await conversationsOf(older);
  const all = [first, second, ...others];
  await eventually('both are connected', () => alice.isReady && bob.isReady);
  const expected = new Map<string, Map<number, string>>(all.map((id) => [id, new Map()]));
  const say = async (id: string, body: string): Promise<void> => {
    const outcome = await alice.send(id, body);
    if (!isAcked(outcome)) throw new Error(`${body}: ${outcome.code}`);
    expected.get(id)?.set(outcome.position, body);
  };
  const written = async (id: string, body: string, build = {}): Promise<void> => {
    expected.get(id)?.set(await append([current.natsUrl, id, body], build), body);
  };
  for (const id of all) await say(id, 'before');
  const token = await older.token('bob');
  const pageOf = (id: string) =>
    fetch(`${current.base}/v1/conversations/${id}/messages`, { headers: { authorization: `Bearer ${token}` } });

  await written(first, 'of the next build', nextBuild('next-events.ts'));

  const names = ['timeline-g1', 'conversations-g1', 'delivery'];
  const stopped = async () => (await fetch(`${current.base}/readyz`)).text();
  await eventually('its readers have stopped', async () => {
    const reasons = await stopped();
    return names.every((name) => reasons.includes(`${name} of shard ${shard}`));
  });
  expect((await fetch(`${current.base}/readyz`)).status).toBe(503);
  expect(older.output).toMatch(/message\.sent\.v2 at \d+ of chat\./);
  const metrics = await (await fetch(`http://127.0.0.1:${older.adminPort}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`parley_reader_stopped.*shard="${shard}".* 1`));
  for (const other of allShards(shards).filter((each) => each !== shard)) {
    expect(await stopped()).not.toContain(`of shard ${other}`);
  }

  // The other shards serve; in this one whoever writes goes on, and nothing is shown that may be wrong.
  for (const id of others) {
    await say(id, 'meanwhile');
    await eventually(
      'bob hears it',
      () => bob.liveBodies.filter((body) => body === 'meanwhile').length > others.indexOf(id),
    );
    expect((await pageOf(id)).status).toBe(200);
  }
  await say(first, 'after it');
  await say(second, 'beside it');
  expect((await pageOf(first)).status).toBe(503);
  expect((await pageOf(second)).status).toBe(503);
  expect([parkedIn(dataDir, 'timeline'), parkedIn(dataDir, 'conversations')]).toStrictEqual([0, 0]);

  await older.interrupt();
  await using newer = await StandaloneProcess.start({
    PARLEY_DATA_DIR: dataDir,
    PARLEY_SHARDS: String(shards),
    ...nextBuild('next-events.ts'),
  });
  current = newer;
  expect((await fetch(`${newer.base}/readyz`)).status).toBe(200);
  await eventually('both are back', () => alice.isReady && bob.isReady);
  await written(second, 'of the older build');
  for (const id of all) await say(id, 'of both');
  expect(new Set(await namesIn(newer.natsUrl, shard))).toContain('message.sent.v2');
  const heads = await Promise.all(allShards(shards).map(async (each) => (await namesIn(newer.natsUrl, each)).length));
  const total = heads.reduce((sum, head) => sum + head, 0);
  await eventually('everything is folded', async () => (await newer.readStoredRows()).length === total);
  expect([parkedIn(dataDir, 'timeline'), parkedIn(dataDir, 'conversations')]).toStrictEqual([0, 0]);
  for (const id of all) {
    const said = [...(expected.get(id) ?? [])].toSorted(([one], [other]) => one - other);
    await eventually('bob has all of it', () => {
      const seen = [...(bob.entries.get(id)?.values() ?? [])].filter(({ body }) => body !== undefined);
      return JSON.stringify(seen.map((one) => [one.position, one.body])) === JSON.stringify(said);
    });
    const pages = await walkPages(newer.base, id, token);
    expect(pages.map((page) => [page.position, bodyOf(page)])).toStrictEqual(said);
  }
  expect([...alice.offences, ...bob.offences]).toStrictEqual([]);
  for (const client of [alice, bob]) client.stop();
});

test('two builds fold and read a generation each, side by side, whichever one serves', async () => {
  await using standalone = await StandaloneProcess.start({ PARLEY_SHARDS: String(shards) });
  const { dataDir, natsUrl } = standalone;
  const alice = new RecordingClient({
    url: () => standalone.socketUrl,
    userId: 'alice',
    token: (id) => standalone.token(id),
  });
  alice.start();
  await eventually('alice is connected', () => alice.isReady);
  const id = await group(standalone, 'group');
  const token = await standalone.token('alice');
  const said: string[] = [];
  const say = async (count: number): Promise<void> => {
    for (let nth = 0; nth < count; nth++) {
      said.push(`message ${said.length}`);
      expect(isAcked(await alice.send(id, said.at(-1) ?? ''))).toBe(true);
    }
  };
  const bodiesOf = (generation: number): readonly string[] =>
    readStoredRows(path.join(dataDir, 'read-models', `timeline-g${generation}.sqlite`)).flatMap((row) =>
      row.said.type === 'message' ? [row.said.body] : [],
    );
  const shouted = () => said.map((body) => body.toUpperCase());
  const pages = async () => (await walkPages(standalone.base, id, token)).map(bodyOf);
  await say(20);

  const worker = start('projector-worker.ts', [natsUrl, dataDir], {
    PARLEY_NATS_SERVER: process.env['PARLEY_NATS_SERVER'],
    ...nextBuild('next-timeline.ts'),
  });
  let told = '';
  worker.stdout?.on('data', (chunk) => (told += String(chunk)));
  await using _worker = {
    async [Symbol.asyncDispose]() {
      worker.kill('SIGTERM');
      if (worker.exitCode === null) await new Promise((resolve) => worker.once('exit', resolve));
    },
  };
  await eventually('the next build folds its own', () => told !== '' && bodiesOf(2).length === said.length);
  expect(told.trim()).toBe('{"serving":2,"following":[2]}');
  await say(20);
  await eventually('both have folded it', () => [1, 2].every((each) => bodiesOf(each).length === said.length));
  expect([bodiesOf(1), bodiesOf(2), await pages()]).toStrictEqual([said, shouted(), said]);

  await using connection = await connectNats({ servers: natsUrl, name: 'test' });
  const registry = await openGenerationRegistry(connection, 1);
  const record = await registry.load('timeline');
  expect(record).toMatchObject({ serving: 1, generations: [{ version: 1 }, { version: 2 }] });
  if (!record) throw new Error('nothing is registered');
  // The next build's one is switched to: each goes on with its own.
  await registry.change('timeline', (before) => withServing(before ?? record, 2));
  await say(20);
  await eventually('both have folded it', () => [1, 2].every((each) => bodiesOf(each).length === said.length));
  expect([bodiesOf(1), bodiesOf(2), await pages()]).toStrictEqual([said, shouted(), said]);
  expect(told.trim()).toBe('{"serving":2,"following":[2]}');
  expect(await registry.load('timeline')).toMatchObject({ serving: 2, last: 2 });
  alice.stop();
});

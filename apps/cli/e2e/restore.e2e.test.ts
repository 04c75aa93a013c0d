// A log is lost, and restored from a backup that is older than what clients know: they begin anew, positions are used again, and
// nothing of the time between is anywhere. Commands and server are processes of their own.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConversationId } from '@parley/domain';
import { createWorld } from '@parley/infra/runtime';
import { compare, eventually, isAcked, RecordingClient, walkPages, type Acked } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { expect, test } from 'vitest';
import { ChatClient, createRest, openWebSocket, placeOf, socketRequest } from '../src/client/index.ts';
import { parley, parleyJson } from './parley.ts';

/** What an application on our own client shows: entries as they come, and the newest page of what it did not know. */
class Screen implements Disposable {
  readonly shown = new Map<string, Map<number, string>>();
  resets = 0;
  readonly client: ChatClient;

  constructor(standalone: StandaloneProcess, userId: string) {
    const baseUrl = new URL(standalone.base);
    const rest = createRest({ baseUrl, fetch, token: () => standalone.token(userId) });
    const load = async (id: ConversationId): Promise<void> => {
      for (const message of (await rest.messages(id, { limit: 100 })).messages) {
        this.#show(id, Number(message.message_id), message.body);
      }
    };
    this.client = new ChatClient({
      world: createWorld(),
      openSocket: openWebSocket,
      request: (token) => socketRequest(baseUrl, token, { deviceId: 'd1', sessionId: 's1' }),
      token: () => standalone.token(userId),
      rest,
      on: {
        entry: (entry) => entry.type === 'message' && this.#show(entry.conversation_id, placeOf(entry), entry.body),
        discovered: (id) => void load(id),
        reset: () => {
          this.resets++;
          this.shown.clear();
        },
      },
    });
  }

  messages(id: string): readonly (readonly [number, string])[] {
    return [...(this.shown.get(id) ?? [])].toSorted(([one], [other]) => one - other);
  }

  #show(id: string, position: number, body: string): void {
    const messages = this.shown.get(id) ?? new Map<number, string>();
    this.shown.set(id, messages.set(position, body));
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

async function createGroup(standalone: StandaloneProcess, name: string): Promise<string> {
  const token = await standalone.token('alice');
  const body = { type: 'group', name, members: ['bob', 'carol'] };
  const call = standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', { token, body });
  return (await call).conversation_id;
}

async function say(
  client: RecordingClient,
  ids: readonly string[],
  texts: readonly string[],
): Promise<readonly Acked[]> {
  const outcomes = await Promise.all(ids.flatMap((id) => texts.map((text) => client.send(id, `${text} in ${id}`))));
  expect(outcomes.filter(isAcked)).toHaveLength(outcomes.length);
  return outcomes.filter(isAcked);
}

const texts = (what: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${what} ${index}`);

test('after a restore the pages are those of the backup, and clients that knew more begin anew', async () => {
  await using standalone = await StandaloneProcess.start();
  const { dataDir, base } = standalone;
  const backup = path.join(tmpdir(), `${path.basename(dataDir)}-backup`);
  using _files = { [Symbol.dispose]: () => rmSync(backup, { recursive: true, force: true }) };
  const environment = {
    PARLEY_DATA_DIR: dataDir,
    PARLEY_NATS_SERVER: process.env['PARLEY_NATS_SERVER'] ?? 'nats-server',
  };
  const [alice, bob] = ['alice', 'bob'].map((userId) => {
    const client = new RecordingClient({
      url: () => standalone.socketUrl,
      userId,
      token: (id) => standalone.token(id),
    });
    client.start();
    return client;
  }) as [RecordingClient, RecordingClient];
  const ids = await Promise.all(['one', 'two', 'three', 'four'].map((name) => createGroup(standalone, name)));
  using carol = new Screen(standalone, 'carol');
  await eventually('both are connected', () => alice.isReady && bob.isReady);
  const token = await standalone.token('alice');
  const pages = () => Promise.all(ids.map((id) => walkPages(base, id, token)));
  const listOf = (more = '') =>
    fetch(`${base}/v1/conversations?limit=1${more}`, { headers: { authorization: `Bearer ${token}` } });

  const [kept] = await say(alice, ids, texts('kept', 15));
  const taken = await parleyJson<{ shards: number; logEpoch: number }>(environment, 'backup', backup);
  expect(taken).toMatchObject({ shards: 16, logEpoch: 1 });
  await parleyJson(environment, 'rebuild', 'timeline');
  const backedUp = await pages();
  const { next_cursor: cursor } = (await (await listOf()).json()) as { next_cursor: string };
  expect((await listOf(`&cursor=${cursor}`)).status).toBe(200);
  const [lost] = await say(alice, ids, texts('lost', 20));
  await eventually('all have heard everything', () =>
    ids.every((id) => bob.cursors.get(id) === alice.cursors.get(id) && carol.messages(id).length >= 20),
  );
  const late = await createGroup(standalone, 'created after the backup');
  const before = new Map(bob.cursors);

  // Refused while it runs, and while there is a log: nothing is touched.
  expect(await parley(environment, 'restore', backup)).toMatchObject({ code: 2, stderr: /in use by process/ });
  await standalone.killTree();
  const refused = await parley(environment, 'restore', backup);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toMatch(/there is a log in .*PARLEY_DATA_DIR/);
  // The log is gone; the read models stay, with rows of what is lost.
  renameSync(path.join(dataDir, 'log'), path.join(dataDir, 'log.lost'));
  const restored = await parleyJson<object>(environment, 'restore', backup);
  expect(restored).toMatchObject({ shards: 16, before: 1, logEpoch: 2 });
  expect(existsSync(path.join(dataDir, 'restoring'))).toBe(false);

  await standalone.start();
  carol.client.wake();
  await eventually('all are back', () => alice.isReady && bob.isReady && carol.resets === 1);
  expect([alice.logEpoch, bob.logEpoch, alice.former.length]).toStrictEqual([2, 2, 1]);
  expect(await pages()).toStrictEqual(backedUp);
  const refusedPage = await listOf(`&cursor=${cursor}`);
  expect([refusedPage.status, await refusedPage.json()]).toMatchObject([400, { code: 'bad_frame' }]);
  const gone = await fetch(`${base}/v1/conversations/${late}`, { headers: { authorization: `Bearer ${token}` } });
  expect(gone.status).toBe(404);

  // Generations begin anew: none of the old log is in the way of a second one.
  expect(await parleyJson(environment, 'rebuild', 'timeline')).toMatchObject({ before: 1, generation: 2, serving: 2 });
  standalone.generation = 2;
  expect(await pages()).toStrictEqual(backedUp);

  // What is in the backup is there by its id; what is lost is stored by the same id as if for the first time.
  if (!kept || !lost) throw new Error('nothing was said');
  expect(await bob.send(ids[0] ?? '', 'bob, too')).toMatchObject({ duplicate: false });
  expect(await alice.send(kept.conversationId, kept.body, kept.clientMsgId)).toMatchObject({
    position: kept.position,
    duplicate: true,
  });
  expect(await alice.send(lost.conversationId, lost.body, lost.clientMsgId)).toMatchObject({ duplicate: false });
  const said = await say(bob, ids, texts('new', 3));
  expect(said.some(({ conversationId, position }) => position <= (before.get(conversationId) ?? 0))).toBe(true);

  await eventually('all have everything', () => alice.isQuiet && bob.isQuiet);
  const log = await standalone.readLog();
  const messagesOf = (id: string) =>
    log.filter((entry) => entry.conversationId === id && entry.kind === 'msg').map((e) => [e.position, e.body]);
  await eventually('carol shows the log', () =>
    ids.every((id) => JSON.stringify(carol.messages(id)) === JSON.stringify(messagesOf(id))),
  );
  await eventually('all rows are written', async () => (await standalone.readStoredRows()).length === log.length);
  const membersOf = new Map(ids.map((id) => [id, ['alice', 'bob', 'carol']]));
  const found = await pages();
  const findings = compare({
    log,
    clients: [alice, bob],
    membersOf,
    pages: new Map(ids.map((id, index) => [id, found[index] ?? []])),
    rows: await standalone.readRows(),
  });
  expect(findings.offences).toStrictEqual([]);
  expect(carol.resets).toBe(1);
  for (const client of [alice, bob]) client.stop();
});

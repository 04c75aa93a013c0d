// The read model of docs/guides/new-projection.md, kept by a running system that was asked to: it counts what was said, and is rebuilt
// by the command like any other.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { UserId } from '@parley/domain';
import { createWorld } from '@parley/infra/runtime';
import { openSqlite } from '@parley/infra/sqlite';
import { messagesOf, messagesPerDay } from '@parley/projections';
import { eventually } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { expect, test } from 'vitest';
import { parley, parleyJson } from './parley.ts';

const world = createWorld();

test('messages per day are kept where they are asked for, verified, mended and rebuilt like any read model', async () => {
  await using standalone = await StandaloneProcess.start({ PARLEY_PROJECTIONS: messagesPerDay.name });
  const environment = { PARLEY_DATA_DIR: standalone.dataDir };
  await say(standalone, { from: 'alice', to: 'bob', messages: 7 });
  await say(standalone, { from: 'alice', to: 'carol', messages: 5 });
  await say(standalone, { from: 'bob', to: 'carol', messages: 3 });
  await untilCounted(standalone, 1, { alice: 12, bob: 3, carol: 0 });

  const verified = () => parley(environment, 'verify', messagesPerDay.name, '--json');
  expect(await verified()).toMatchObject({ code: 0 });
  alter(fileOf(standalone, 1), [
    "UPDATE entries SET messages = 99 WHERE user_id = 'alice' AND messages = 7",
    "DELETE FROM entries WHERE user_id = 'bob'",
    "INSERT INTO entries (conversation_id, position, user_id, day, messages) SELECT conversation_id, 1, 'eve', 7, 5 FROM heads LIMIT 1",
  ]);
  const found = await verified();
  const { differences } = JSON.parse(found.stdout) as { differences: readonly { type: string }[] };
  expect(differences.map(({ type }) => type).toSorted()).toEqual(['different', 'extra', 'missing']);
  expect(found.code).toBe(1);
  const talking = say(standalone, { from: 'dave', to: 'carol', messages: 30 });
  expect(await parley(environment, 'verify', messagesPerDay.name, '--repair')).toMatchObject({ code: 0 });
  await talking;
  await untilCounted(standalone, 1, { alice: 12, bob: 3, carol: 0, dave: 30, eve: 0 });

  const meanwhile = say(standalone, { from: 'dave', to: 'alice', messages: 50 });
  const { generation } = await parleyJson<{ generation: number }>(environment, 'rebuild', messagesPerDay.name);
  expect(generation).toBe(2);
  await meanwhile;
  await say(standalone, { from: 'carol', to: 'alice', messages: 2 });
  await untilCounted(standalone, generation, { alice: 12, bob: 3, carol: 2, dave: 80 });
  await parleyJson(environment, 'drop-generation', messagesPerDay.name, '1');
  expect([1, 2].map((number) => existsSync(fileOf(standalone, number)))).toEqual([false, true]);
  expect(await verified()).toMatchObject({ code: 0 });
  const lists = await parleyJson<readonly { projection: string; serving: number }[]>(environment, 'generations');
  expect(lists).toContainEqual(expect.objectContaining({ projection: messagesPerDay.name, serving: 2 }));
});

const fileOf = (standalone: StandaloneProcess, generation: number): string =>
  path.join(standalone.dataDir, 'read-models', `${messagesPerDay.name}-g${generation}.sqlite`);

function alter(file: string, statements: readonly string[]): void {
  using database = new DatabaseSync(file, { timeout: 10_000 });
  for (const sql of statements) database.exec(sql);
}

test('a system that was not asked has none, and says so', async () => {
  await using standalone = await StandaloneProcess.start();
  const environment = { PARLEY_DATA_DIR: standalone.dataDir };
  const lists = await parleyJson<readonly { projection: string }[]>(environment, 'generations');
  expect(lists.map(({ projection }) => projection)).toEqual(['timeline', 'conversations']);
  expect(await parley(environment, 'rebuild', messagesPerDay.name)).toMatchObject({ code: 2 });
});

interface Said {
  readonly from: string;
  readonly to: string;
  readonly messages: number;
}

async function say(standalone: StandaloneProcess, { from, to, messages }: Said): Promise<void> {
  const token = await standalone.token(from);
  const opened = { token, body: { type: 'direct', members: [to] } };
  const { conversation_id: id } = await standalone.call<{ conversation_id: string }>(
    'POST',
    '/v1/conversations',
    opened,
  );
  for (let number = 1; number <= messages; number++) {
    const body = { client_msg_id: world.uuid(), body: `message ${number}` };
    await standalone.call('POST', `/v1/conversations/${id}/messages`, { token, body });
  }
}

/** Whatever the day is, and whether it ends meanwhile. */
async function untilCounted(
  standalone: StandaloneProcess,
  generation: number,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  const directory = path.join(standalone.dataDir, 'read-models');
  await using stores = await openSqlite({ directory, logEpoch: 1, isGuest: true, world, report: () => undefined });
  const store = await stores.flat(messagesPerDay, generation);
  await eventually(`they are counted as ${JSON.stringify(expected)}`, async () => {
    const counted = await Promise.all(
      Object.keys(expected).map(async (userId) => [userId, sum(await messagesOf(userId as UserId, store))]),
    );
    return JSON.stringify(Object.fromEntries(counted)) === JSON.stringify(expected);
  });
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((all, one) => all + one, 0);

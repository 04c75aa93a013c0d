// Rows are damaged behind the back of a system that serves: `parley verify` finds it, `--repair` mends it while people talk, and a
// process that is killed in the middle of it leaves nothing half-done.
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Crowd, eventually } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { expect, test } from 'vitest';
import { begin, parley, parleyJson } from './parley.ts';

const waitMsMax = 180_000;

interface Report {
  readonly conversations: number;
  readonly events: number;
  readonly differences: readonly { readonly type: string; readonly conversationId: string }[];
  readonly parked: readonly unknown[];
  readonly afterRepair?: Report;
}

test('what was damaged is found, and mended in place under load, whoever is killed in the middle', async () => {
  await using standalone = await StandaloneProcess.start();
  const environment = { PARLEY_DATA_DIR: standalone.dataDir };
  const change = (projection: string, sql: string): void => {
    const file = path.join(standalone.dataDir, 'read-models', `${projection}-g1.sqlite`);
    using database = new DatabaseSync(file, { timeout: 10_000 });
    database.exec(sql);
  };
  const load = { clients: 8, conversations: 12, membersEach: 4, sendsPerSecond: 10, seed: 7 };
  const crowd = await Crowd.gather({ system: standalone, ...load });
  crowd.talk();
  await eventually('there is something to damage', () => crowd.acked > 300, waitMsMax);
  expect(await parleyJson<Report>(environment, 'verify', 'timeline')).toMatchObject({ differences: [], parked: [] });

  change(
    'timeline',
    "UPDATE events SET event = json_set(event, '$.body', 'forged') WHERE rowid IN (SELECT rowid FROM events WHERE kind = 'message.sent' LIMIT 5)",
  );
  change(
    'timeline',
    "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events WHERE kind = 'message.sent' LIMIT 3 OFFSET 20)",
  );
  change('conversations', "INSERT INTO memberships SELECT 'eve', conversation_id, 1, 1 FROM heads LIMIT 1");
  const found = await parley(environment, 'verify', 'timeline', '--json');
  expect(found.code).toBe(1);
  const { differences } = JSON.parse(found.stdout) as Report;
  expect(new Set(differences.map(({ type }) => type))).toEqual(new Set(['different', 'missing']));
  const [{ conversationId } = { conversationId: '' }] = differences;
  expect((await parley(environment, 'verify', 'timeline', '--conversation', conversationId)).stdout).toContain(
    'fold hash',
  );

  // The CLI is killed as it waits, then the whole system: what was asked for is carried out all the same.
  const killed = begin(environment, 'verify', 'timeline', '--repair');
  await eventually('it asks', () => killed.stderr().includes('refolded'), waitMsMax);
  killed.kill('SIGKILL');
  await killed.answered;
  await standalone.killTree();
  await standalone.start();
  const repaired = JSON.parse((await parley(environment, 'verify', 'timeline', '--repair', '--json')).stdout) as Report;
  expect(repaired.afterRepair ?? repaired).toMatchObject({ differences: [], parked: [] });
  expect(await parleyJson<Report>(environment, 'verify', 'conversations', '--repair')).toMatchObject({
    differences: [{ type: 'extra', what: 'row eve' }],
    afterRepair: { differences: [] },
  });

  await parleyJson(environment, 'rebuild', 'timeline', '--conversation', conversationId);
  const since = await parleyJson<{ refolded: number }>(environment, 'rebuild', 'conversations', '--since', '1d');
  expect(since.refolded).toBeGreaterThanOrEqual(load.conversations);
  await parleyJson(environment, 'rebuild', 'timeline', '--from', '0:1');
  expect(await parley(environment, 'rebuild', 'timeline', '--from', 'here')).toMatchObject({ code: 2 });
  expect(await parleyJson(environment, 'parked', 'list')).toEqual([]);
  expect(await parley(environment, 'parked', 'retry', 'timeline', conversationId)).toMatchObject({ code: 2 });

  await crowd.fallSilent();
  const hashes = await parleyJson<readonly { stored: string; logged: string }[]>(environment, 'hash', conversationId);
  expect(hashes.map(({ stored }) => stored)).toEqual(hashes.map(({ logged }) => logged));
  for (const projection of ['timeline', 'conversations']) {
    expect(await parleyJson<Report>(environment, 'verify', projection)).toMatchObject({ differences: [], parked: [] });
  }
  expect((await crowd.judge()).offences).toEqual([]);
  crowd.leave();
}, 600_000);

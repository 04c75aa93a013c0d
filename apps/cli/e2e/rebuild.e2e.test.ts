// A read model is rebuilt while people talk and page: no page is wrong or missing, whenever the rebuild is interrupted, and whichever
// generation serves. The commands are processes of their own.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, eventually, readPages, seeded } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { expect, test } from 'vitest';
import { begin, parley, parleyJson } from './parley.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

interface Listed {
  readonly projection: string;
  readonly serving: number;
  readonly generations: readonly { readonly number: number; readonly state: string }[];
}

test('a generation is rebuilt, interrupted, taken up again, switched to and back, under load', async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  const random = seeded(seed);
  await using standalone = await StandaloneProcess.start();
  const environment = { PARLEY_DATA_DIR: standalone.dataDir };
  const fileOf = (projection: string, generation: number): string =>
    path.join(standalone.dataDir, 'read-models', `${projection}-g${generation}.sqlite`);
  const listed = async (projection: string): Promise<Listed> => {
    const lists = await parleyJson<readonly Listed[]>(environment, 'generations');
    return lists.find((one) => one.projection === projection) ?? { projection, serving: 0, generations: [] };
  };
  const load = { clients: 20, conversations: 40, membersEach: 5, sendsPerSecond: 100 };
  const crowd = await Crowd.gather({ system: standalone, ...load, seed });
  crowd.talk();
  const reader = readPages(crowd, standalone, random);
  await eventually('there is something to fold', () => crowd.acked > 1_500);

  // kill -9 in the middle: whatever was reached stays, and the next one goes on with it.
  const killed = begin(environment, 'rebuild', 'timeline');
  await eventually('the new generation is begun', () => existsSync(fileOf('timeline', 2)));
  await pause(random() * 100);
  killed.kill('SIGKILL');
  expect((await killed.answered).code).toBeNull();
  const rebuilt = await parleyJson<{ generation: number; serving: number }>(environment, 'rebuild', 'timeline');
  expect(rebuilt.serving).toBe(rebuilt.generation);

  // Ctrl-C, then again; a projection each.
  const interrupted = begin(environment, 'rebuild', 'conversations');
  await eventually('it is begun', () => existsSync(fileOf('conversations', 2)));
  interrupted.kill('SIGINT');
  expect([0, 130]).toContain((await interrupted.answered).code);
  await parleyJson(environment, 'rebuild', 'conversations');

  // Back, and forth again, while the old one is kept up to date.
  await parleyJson(environment, 'switch', 'timeline', '1');
  await pause(2_000);
  await parleyJson(environment, 'switch', 'timeline', String(rebuilt.generation));
  expect(await parley(environment, 'drop-generation', 'timeline', String(rebuilt.generation))).toMatchObject({
    code: 2,
  });
  await parleyJson(environment, 'drop-generation', 'timeline', '1');
  expect(existsSync(fileOf('timeline', 1))).toBe(false);

  const { serving, generations } = await listed('timeline');
  expect(serving).toBe(rebuilt.generation);
  expect(generations.map(({ state }) => state)).toEqual(generations.map(() => 'following'));
  await crowd.fallSilent();
  await reader.stop();
  standalone.generation = serving;
  const findings = await crowd.judge();
  crowd.leave();
  const { pages, unavailable, offences } = reader.readings;
  console.log(`${findings.acked} acked, ${pages} pages read meanwhile, ${unavailable} not to be had`);
  expect(offences).toEqual([]);
  expect(unavailable).toBe(0);
  expect(findings.offences).toEqual([]);
  expect(findings.acked).toBe(crowd.sent);
});

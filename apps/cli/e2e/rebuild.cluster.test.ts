// Rebuilding on a whole fleet: several gateways follow, two projectors take over, while people talk and page through all of them.
import { FleetUnderProof } from '@parley/cluster/testing';
import { Crowd, eventually, readPages, seeded } from '@parley/proof';
import { expect, test } from 'vitest';
import { parley, parleyJson } from './parley.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

test('both read models of a fleet are rebuilt under load, and a projector dies on the way', async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  const random = seeded(seed);
  await using fleet = await FleetUnderProof.start({ shards: 4, cassandraNodes: 1, gateways: 2 });
  const environment = fleet.operatorEnvironment;
  const load = { clients: 20, conversations: 40, membersEach: 3, sendsPerSecond: 60 };
  const crowd = await Crowd.gather({ system: fleet, ...load, seed, pingMs: 2_000 });
  crowd.talk();
  const reader = readPages(crowd, fleet, random);
  await eventually('there is something to fold', () => crowd.acked > 1_000, 120_000);

  const timeline = parleyJson<{ generation: number; serving: number }>(environment, 'rebuild', 'timeline');
  fleet.members('projector')[0]?.signal('SIGKILL');
  const rebuilt = await timeline;
  expect(rebuilt.serving).toBe(rebuilt.generation);
  await parleyJson(environment, 'rebuild', 'conversations');
  await parleyJson(environment, 'drop-generation', 'timeline', '1');
  expect(await parley(environment, 'switch', 'timeline', '1')).toMatchObject({ code: 2 });

  await crowd.fallSilent();
  await reader.stop();
  fleet.generation = rebuilt.generation;
  const findings = await crowd.judge();
  crowd.leave();
  const { pages, unavailable, offences } = reader.readings;
  console.log(`${findings.acked} acked, ${pages} pages read meanwhile, ${unavailable} not to be had`);
  expect(offences).toEqual([]);
  expect(unavailable).toBe(0);
  expect(findings.offences).toEqual([]);
  expect(findings.acked).toBe(crowd.sent);
});

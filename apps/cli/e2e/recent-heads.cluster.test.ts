// What a fleet keeps of conversations in Redis is damaged, wiped and stopped behind the back of those who talk: lists stay right,
// `parley verify` tells what is wrong, and a repair mends it; a new generation has heads of its own.
import { FleetUnderProof } from '@parley/cluster/testing';
import { Crowd, eventually } from '@parley/proof';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { parley, parleyJson } from './parley.ts';

const waitMsMax = 180_000;

interface Report {
  readonly differences: readonly { readonly type: string; readonly conversationId: string; readonly what: string }[];
  readonly parked: readonly unknown[];
  readonly afterRepair?: Report;
}

interface Listed {
  readonly conversations: readonly { readonly conversation_id: string; readonly head: string }[];
}

test('recent heads are verified and mended on a fleet, and nothing depends on them', async () => {
  await using fleet = await FleetUnderProof.start({ shards: 4, cassandraNodes: 1, gateways: 2 });
  const environment = fleet.operatorEnvironment;
  using redis = disposable(new Redis(environment['PARLEY_REDIS_URL'] ?? ''));
  const load = { clients: 12, conversations: 20, membersEach: 4, sendsPerSecond: 20, seed: 11 };
  const crowd = await Crowd.gather({ system: fleet, ...load, pingMs: 2_000 });
  const readers = await Promise.all(crowd.clients.map(async ({ userId }) => fleet.token(userId)));
  const lists = (): Promise<readonly Listed[]> =>
    Promise.all(readers.map((token) => fleet.call<Listed>('GET', '/v1/conversations?limit=100', { token })));
  const keys = (generation: number): Promise<readonly string[]> =>
    redis.client.keys(`parley:head:*.g${generation}.*:*`);
  crowd.talk();
  await eventually('there is something to damage', () => crowd.acked > 300, waitMsMax);
  await lists();
  await eventually('heads are kept', async () => (await keys(1)).length >= load.conversations, waitMsMax);
  expect(await parleyJson<Report>(environment, 'verify', 'conversations')).toMatchObject({ differences: [] });

  await redis.client.flushall();
  await lists();
  await eventually('heads are back', async () => (await keys(1)).length >= load.conversations, waitMsMax);
  const server = fleet.members('redis')[0];
  server?.signal('SIGSTOP');
  for (const { conversations } of await lists()) expect(conversations.length).toBeGreaterThan(0);
  server?.signal('SIGCONT');

  await crowd.fallSilent();
  const quiet = await lists();
  await eventually('heads are back', async () => (await keys(1)).length >= load.conversations, waitMsMax);
  const [forged = '', garbage = '', list = '', ...others] = (await keys(1)).toSorted();
  const damaged = [forged, garbage, list].map((key) => key.slice(key.lastIndexOf(':') + 1));
  const plant = async (): Promise<void> => {
    const sound = (await redis.client.get(forged)) ?? '';
    await redis.client.set(forged, sound.replace('"body":"', '"body":"forged '));
    await redis.client.set(garbage, Buffer.from([0xff, 0x80, 0]));
    await redis.client.del(list);
    await redis.client.lpush(list, 'x');
  };
  // A worker that could not reach Redis for a moment begins an era in which older heads count no more: then it is planted again.
  await eventually(
    'verify finds what was planted',
    async () => {
      await lists();
      await plant();
      const found = await parley(environment, 'verify', 'conversations', '--json');
      const { differences } = JSON.parse(found.stdout) as Report;
      expect(differences.every(({ type, what }) => `${type} ${what}` === 'different recent head')).toBe(true);
      const theirs = differences.map(({ conversationId }) => conversationId).toSorted();
      return found.code === 1 && theirs.join() === damaged.toSorted().join();
    },
    waitMsMax,
  );
  await eventually(
    'verify of one conversation finds it too',
    async () => {
      await lists();
      await plant();
      const one = await parley(environment, 'verify', 'conversations', '--conversation', damaged[0] ?? '');
      return one.code === 1 && one.stdout.includes('recent head');
    },
    waitMsMax,
  );
  const repaired = JSON.parse(
    (await parley(environment, 'verify', 'conversations', '--repair', '--json')).stdout,
  ) as Report;
  expect(repaired.afterRepair).toMatchObject({ differences: [], parked: [] });
  expect(await lists()).toEqual(quiet);
  expect(others.length).toBeGreaterThan(0);

  const { generation } = await parleyJson<{ generation: number }>(environment, 'rebuild', 'conversations');
  await eventually(
    'lists keep heads of the new one',
    async () => {
      expect(await lists()).toEqual(quiet);
      return (await keys(generation)).length >= load.conversations;
    },
    waitMsMax,
  );
  expect(await parleyJson<Report>(environment, 'verify', 'conversations')).toMatchObject({ differences: [] });
  await parleyJson(environment, 'switch', 'conversations', '1');
  expect(await lists()).toEqual(quiet);
  expect((await crowd.judge()).offences).toEqual([]);
  crowd.leave();
}, 900_000);

const disposable = (client: Redis) => ({ client, [Symbol.dispose]: (): void => client.disconnect() });

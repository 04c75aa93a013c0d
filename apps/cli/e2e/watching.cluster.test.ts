// A whole fleet seen from outside: who works on what, and what doctor finds when Redis, NATS, Cassandra or a worker is not as it should be.
import { setTimeout as pause } from 'node:timers/promises';
import { FleetUnderProof } from '@parley/cluster/testing';
import { eventually, isAcked, RecordingClient } from '@parley/proof';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOCTOR } from '../src/operator/doctor/findings.ts';
import { parley, parleyJson } from './parley.ts';

const shards = 4;
let fleet: FleetUnderProof;
let environment: Record<string, string>;
let monitors: readonly string[];
let ann: RecordingClient;
let conversation: string;

beforeAll(async () => {
  fleet = await FleetUnderProof.start({ shards, cassandraNodes: 1, gateways: 1 });
  environment = { ...fleet.operatorEnvironment };
  monitors = fleet.monitorUrls.flatMap((url) => ['--monitor', url]);
  ann = new RecordingClient({ url: () => fleet.socketUrl, userId: 'ann', token: (user) => fleet.token(user) });
  ann.start();
  const body = { type: 'direct', members: ['bob'] };
  const call = { token: await fleet.token('ann'), body };
  conversation = (await fleet.call<{ conversation_id: string }>('POST', '/v1/conversations', call)).conversation_id;
  await eventually('ann is connected', () => ann.isReady);
  await say(20);
});

afterAll(async () => {
  ann.stop();
  await fleet[Symbol.asyncDispose]();
});

interface Status {
  readonly readers: readonly {
    readonly name: string;
    readonly behind: number;
    readonly workers: readonly string[];
    readonly shards: readonly { readonly worker?: string }[];
  }[];
  readonly busiest: readonly { readonly conversationId: string; readonly events: number }[];
  readonly processes: readonly string[];
}

test('status names who works on every shard, the gateways, and the busiest conversation', async () => {
  const status = () => parleyJson<Status>(environment, 'status');
  const isDone = async () => (await status()).readers.every(({ behind }) => behind === 0);
  await eventually('all is applied', isDone, 60_000);
  const { readers, busiest, processes } = await status();
  expect(readers.map(({ name }) => name)).toEqual(['timeline-g1', 'conversations-g1', 'delivery']);
  for (const { workers, shards: each } of readers) {
    expect(each.filter(({ worker }) => worker !== undefined)).toHaveLength(shards);
    expect(workers).toHaveLength(2);
  }
  expect(busiest).toMatchObject([{ conversationId: conversation, events: 21 }]);
  expect(processes.join('\n')).toMatch(
    /Valkey 9\.\d+\.\d+ at 127\.0\.0\.1:\d+: .* connections\n1 gateways with a lease/,
  );
});

test('doctor finds nothing wrong, and says what it cannot see without the monitoring ports', async () => {
  const seeing = await parley(environment, 'doctor', ...monitors);
  expect(seeing.stdout).toMatch(/Cassandra 5\.\d\.\d+ on 1 nodes[^]*nothing is wrong/);
  expect(seeing.code).toBe(0);
  const blind = await parley(environment, 'doctor');
  expect(blind).toMatchObject({ code: 0, stdout: expect.stringMatching(/not seen: sync_interval/) });
});

test('doctor finds what is planted, and leaves it as it is', async () => {
  const {
    PARLEY_REDIS_URL = '',
    PARLEY_NATS_URL = '',
    PARLEY_NATS_USER: user,
    PARLEY_NATS_PASSWORD: pass,
  } = environment;
  using redis = disposable(new Redis(PARLEY_REDIS_URL));
  await using nc = await connect({ servers: PARLEY_NATS_URL.split(','), user: user ?? '', pass: pass ?? '' });
  const jsm = await jetstreamManager(nc);
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await jsm.streams.update('CHAT_1', { max_msgs: 1_000_000 });
  for (const projector of fleet.members('projector')) projector.signal('SIGSTOP');
  await say(3);
  await pause(DOCTOR.standstillMs + 5_000); // how long the events wait is what counts
  const before = await jsm.streams.info('CHAT_1');

  const asked = { ...environment, PARLEY_CASSANDRA_REPLICAS: '3' };
  const { code, stdout } = await parley(asked, 'doctor', '--json', ...monitors);
  const { findings } = JSON.parse(stdout) as { findings: readonly { readonly code: string; readonly found: string }[] };
  expect(findings.map(({ found, code: what }) => [what, found])).toEqual([
    ['stream-differs', 'CHAT_1.max_msgs is 1000000, declared is -1'],
    ['reader-stands-still', 'timeline-g1 is 3 events behind and applies none'],
    ['reader-stands-still', 'conversations-g1 is 3 events behind and applies none'],
    ['redis-evicts', expect.stringMatching(/maxmemory-policy allkeys-lru/)],
    ['replication-differs', 'keyspace parley keeps 1 copies in datacenter1, PARLEY_CASSANDRA_REPLICAS is 3'],
  ]);
  expect(code).toBe(1);
  const after = await jsm.streams.info('CHAT_1');
  expect([after.config, after.state.last_seq]).toEqual([before.config, before.state.last_seq]);
  expect(await redis.client.config('GET', 'maxmemory-policy')).toContain('allkeys-lru');
  const lag = await parley(environment, 'generations');
  expect(lag).toMatchObject({ code: 1, stderr: expect.stringContaining('CHAT_1.max_msgs') });

  for (const projector of fleet.members('projector')) projector.signal('SIGCONT');
  await jsm.streams.update('CHAT_1', { max_msgs: -1 });
  await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  const isWell = async () => (await parley(environment, 'doctor', ...monitors)).code === 0;
  await eventually('all is well again', isWell, 90_000);
});

async function say(count: number): Promise<void> {
  const said = await Promise.all(Array.from({ length: count }, (_, at) => ann.send(conversation, `message ${at}`)));
  expect(said.filter(isAcked)).toHaveLength(count);
}

const disposable = (client: Redis) => ({ client, [Symbol.dispose]: () => client.disconnect() });

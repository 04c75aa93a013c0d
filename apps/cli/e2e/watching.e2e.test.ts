// How a running system does, seen from outside, and what is found wrong with it: everything on one standalone, whose parts are stopped
// and changed one after the other.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NO_POSITION, type ClientMessageId, type ConversationId, type UserId } from '@parley/domain';
import { connectNats, NatsEventLog } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';
import { RecordingClient, eventually, isAcked } from '@parley/proof';
import { StandaloneProcess } from '@parley/standalone/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOCTOR } from '../src/operator/doctor/findings.ts';
import { begin, parley, parleyJson } from './parley.ts';

let standalone: StandaloneProcess;
let environment: Record<string, string>;
let busy: string;
let quiet: string;

beforeAll(async () => {
  standalone = await StandaloneProcess.start();
  environment = { PARLEY_DATA_DIR: standalone.dataDir };
  const client = new RecordingClient({
    url: () => standalone.socketUrl,
    userId: 'ann',
    token: (user) => standalone.token(user),
  });
  client.start();
  await eventually('ann is connected', () => client.isReady);
  [busy, quiet] = [await open('bob'), await open('cyd')];
  const said = await Promise.all(
    Array.from({ length: 40 }, (_, at) => client.send(at < 35 ? busy : quiet, `message ${at}`)),
  );
  if (!said.every(isAcked)) throw new Error('not all of it was acked');
  client.stop();
});

afterAll(() => standalone[Symbol.asyncDispose]());

interface Reader {
  readonly name: string;
  readonly state: string;
  readonly behind: number;
  readonly behindMs: number;
  readonly parked: number;
  readonly shards: readonly { readonly shard: number; readonly head: number; readonly checkpoint: number }[];
}

test('every reader is at the head of a quiet log, and the busiest conversation is named first', async () => {
  const status = () =>
    parleyJson<{
      readonly readers: readonly Reader[];
      readonly busiest: readonly { readonly conversationId: string; readonly events: number }[];
      readonly events: number;
      readonly shards: number;
    }>(environment, 'status');
  await eventually('all is applied', async () => (await status()).readers.every(({ behind }) => behind === 0), 60_000);
  const { readers, busiest, events, shards } = await status();
  expect({ events, shards }).toEqual({ events: 42, shards: 16 });
  expect(readers.map(({ name, state }) => [name, state])).toEqual([
    ['timeline-g1', 'serving'],
    ['conversations-g1', 'serving'],
    ['delivery', ''],
  ]);
  for (const { shards: looked } of readers) {
    expect(looked.reduce((sum, { checkpoint }) => sum + checkpoint, 0)).toBe(42);
    expect(looked).toHaveLength(16);
  }
  expect(busiest.map(({ conversationId, events }) => [conversationId, events])).toEqual([
    [busy, 36],
    [quiet, 6],
  ]);
});

test('people read sums first, and each shard when they ask', async () => {
  const { code, stdout } = await parley(environment, 'status');
  expect(code).toBe(0);
  expect(stdout).toMatch(/standalone in .*; log epoch 1, 16 shards/);
  expect(stdout).toMatch(/timeline-g1 +serving +0 +- +0 +0 +0 +-/);
  expect(stdout.split('\n').length).toBeLessThan(16);
  const each = await parley(environment, 'lag', '--shards');
  expect(each.stdout.match(/^15 +\d+ +\d+ +0 +- +0 +0\s*$/gm)).toHaveLength(3);
});

interface Diagnosis {
  readonly findings: readonly { readonly code: string; readonly found: string; readonly remedy: string }[];
}

test('doctor finds nothing wrong with a system that does well', async () => {
  const { code, stdout } = await parley(environment, 'doctor');
  expect(stdout).toMatch(/nothing is wrong/);
  expect(stdout).toMatch(/nats-server 2\.\d+\.\d+/);
  expect(code).toBe(0);
});

test('readers that stand still are seen to be behind, and for how long', async () => {
  await standalone.killParent(); // nats-server goes on
  await append(3);
  await pause(1_500);
  const watching = begin(environment, 'lag', '--watch', '--json');
  await eventually('it has looked twice', () => watching.printed().split('\n').length > 2, 60_000);
  watching.kill('SIGINT');
  const { code, stdout } = await watching.answered;
  expect(code).toBe(130);
  const looks = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readers: readonly Reader[] });
  for (const { readers } of looks) {
    for (const reader of readers) {
      expect(reader.behind).toBe(3);
      expect(reader.behindMs).toBeGreaterThanOrEqual(1_500);
    }
  }
});

test('doctor finds what is planted, says what to do, and changes nothing', async () => {
  const leftOver = path.join(standalone.dataDir, 'read-models', 'timeline-g7.sqlite');
  const config = path.join(standalone.dataDir, 'nats-server.conf');
  const asItWas = readFileSync(config, 'utf8');
  const nc = await connect({ servers: standalone.natsUrl });
  const jsm = await jetstreamManager(nc);
  const { config: declared } = await jsm.streams.info('CHAT_3');
  await jsm.streams.update('CHAT_3', { duplicate_window: 1_000_000_000 });
  writeFileSync(leftOver, '');
  writeFileSync(config, asItWas.replace(/sync_interval: \S+/, 'sync_interval: "2m"'));
  await pause(DOCTOR.standstillMs); // how long the events wait is what counts
  const before = await everything(jsm, standalone.dataDir);
  const { code, stdout } = await parley(environment, 'doctor', '--json');
  expect(await everything(jsm, standalone.dataDir)).toEqual(before);
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout) as Diagnosis;
  expect(findings.map((finding) => finding.code).toSorted()).toEqual([
    'generation-left-over',
    'reader-stands-still',
    'reader-stands-still',
    'reader-stands-still',
    'stream-differs',
    'sync-interval',
  ]);
  const differing = findings.find((finding) => finding.code === 'stream-differs');
  expect(differing?.found).toBe('CHAT_3.duplicate_window is 1000000000, declared is 120000000000');
  expect(differing?.remedy).toContain('nats stream edit CHAT_3');
  const told = await parley(environment, 'doctor');
  expect(told.stdout).toMatch(/BROKEN +timeline-g1 is 3 events behind and applies none \(reader-stands-still\)/);

  writeFileSync(config, asItWas);
  rmSync(leftOver);
  await jsm.streams.update('CHAT_3', { duplicate_window: declared.duplicate_window });
  await nc.close();
  await standalone.start();
  await eventually('all is well again', async () => (await parley(environment, 'doctor')).code === 0, 90_000);
});

/** What doctor could have changed: streams, what is in them, files. Consumers of its own are forgotten by themselves. */
async function everything(jsm: JetStreamManager, dataDir: string): Promise<unknown> {
  const streams: unknown[] = [];
  for await (const { config, state } of jsm.streams.list()) streams.push([config, state.messages, state.last_seq]);
  const kept = readdirSync(dataDir, { recursive: true })
    .map(String)
    .filter((name) => !/^log\/|-(wal|shm)$|\.log$/.test(name));
  return { streams, files: kept.toSorted() };
}

/** While nobody reads: straight into the log. */
async function append(count: number): Promise<void> {
  const world = createWorld();
  await using connection = await connectNats({ servers: standalone.natsUrl, name: 'test' });
  await using log = new NatsEventLog({ connection, world, shards: 16 });
  const conversationId = busy as ConversationId;
  const decidedOn = (await log.conversationEvents(conversationId, NO_POSITION)).at(-1)?.position ?? NO_POSITION;
  for (let at = 0; at < count; at++) {
    const clientMsgId = world.uuid() as ClientMessageId;
    const appended = await log.append({
      conversationId,
      actorId: 'ann' as UserId,
      event: { type: 'message.sent', clientMsgId, body: 'nobody reads this', bodyType: 'text' },
      decidedOn,
      notAfterTs: world.now() + 30_000,
      idempotencyKey: clientMsgId,
      bodyHash: 'hash',
    });
    expect(appended.type).toBe('Appended');
  }
}

async function open(other: string): Promise<string> {
  const token = await standalone.token('ann');
  const body = { type: 'direct', members: [other] };
  return (await standalone.call<{ conversation_id: string }>('POST', '/v1/conversations', { token, body }))
    .conversation_id;
}

import { parseConversationId, position, type Position, type Shard, type StoredEvent } from '@parley/domain';
import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { METRIC_TABLE } from './metric-table.ts';
import { Metrics } from './metrics.ts';
import {
  gatewayObserver,
  leaseObserver,
  logObserver,
  natsServerObserver,
  projectionObserver,
  runnerObserver,
  statesObserver,
  storeObservers,
} from './observers.ts';
import { watchReaderLag } from './reader-lag.ts';
import { watchEventLoop, watchOutbox, watchProcess } from './watched-values.ts';

const shard = 0 as Shard;
const conversationId = parseConversationId('g_1');
const storedTs = 1_000;
const stored = { conversationId, position: position(7), storedTs } as StoredEvent;

function createRig() {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    world: { now: () => 5 },
    to: { write: (line) => void lines.push(line) },
  });
  const metrics = new Metrics((error) => {
    throw error;
  });
  return { lines, logger, metrics };
}

/** Everything that can be reported, once. */
function reportAll({ metrics, logger }: ReturnType<typeof createRig>): Disposable {
  const runner = runnerObserver(metrics, logger, { now: () => storedTs + 300 });
  runner.applied('timeline-g1', shard, [stored, stored]);
  runner.retrying('timeline-g1', shard, new Error('store'));
  runner.stopped('timeline-g1', shard, new Error('hole'));
  runner.beatFailed(new Error('bus'));
  const lease = leaseObserver(metrics, logger);
  lease.shardsChanged('delivery', { gained: [shard], lost: [], count: 1 });
  lease.shardsChanged('delivery', { gained: [1 as Shard], lost: [], count: 2 });
  lease.leasesUnavailable('delivery', new Error('away'));
  const projection = projectionObserver(metrics, logger);
  projection.parked('timeline', { conversationId: stored.conversationId, position: position(7), reason: 'bug' });
  projection.parkedNow?.('timeline-g1', shard, 3);
  projection.passedOver('timeline', stored);
  projection.voided('timeline', stored);
  const log = logObserver(metrics, logger);
  log.appended(2);
  log.attemptFailed(10_164);
  log.readBack();
  log.overloaded();
  log.unavailable();
  log.readerRestarted(shard, 'gone');
  const states = statesObserver(metrics);
  for (const result of ['hit', 'hit', 'behind', 'miss'] as const) states.looked(result);
  const stores = storeObservers(metrics);
  stores.cql('read', 3, true);
  stores.cql('write', 3, false);
  stores.redis(0.3, true);
  stores.redis(3_000, false);
  const gateway = gatewayObserver(metrics);
  gateway.connectionOpened();
  gateway.connectionOpened();
  gateway.connectionClosed(4101);
  gateway.frameIn('send');
  gateway.frameOut(120);
  gateway.frameOut(80);
  gateway.acked(3);
  gateway.refused('forbidden');
  gateway.delivered(4);
  gateway.slowConsumer();
  gateway.batchHole(shard);
  gateway.conversationResumed('too_old');
  gateway.resumed(7, 40);
  gateway.resynced('hole', 12);
  gateway.httpAnswered('listMessages', 200, 5);
  natsServerObserver(metrics, logger)({ type: 'Died', pid: 1, reason: 'killed', restartInMs: 100 });
  watchOutbox(metrics, () => 9);
  watchProcess(metrics);
  watchReaderLag({
    metrics,
    log: { shards: 2, head: async () => 50 as Position, readOne: async (_of, at) => ({ ...stored, position: at }) },
    readers: () => [{ name: 'delivery', checkpoint: async (of) => (of === shard ? 50 : 8) as Position }],
    world: { now: () => storedTs + 2_500, schedule: () => ({ [Symbol.dispose]: () => undefined }) },
  });
  return watchEventLoop(metrics);
}

it('makes a series of every metric in the table', async () => {
  const rig = createRig();
  using _watching = reportAll(rig);
  const text = await rig.metrics.text();
  const missing = Object.values(METRIC_TABLE).filter(({ name }) => !text.includes(`# TYPE ${name} `));
  expect(missing).toEqual([]);
  await rig.metrics[Symbol.asyncDispose]();
});

it('times each event of a small step, and the oldest of a large one', async () => {
  const { metrics, logger } = createRig();
  const runner = runnerObserver(metrics, logger, { now: () => storedTs + 300 });
  for (const events of [3, 64, 65])
    runner.applied(
      'delivery',
      shard,
      Array.from({ length: events }, () => stored),
    );
  expect(await metrics.text()).toContain('parley_reader_apply_seconds_count{reader="delivery"} 68\n');
  await metrics[Symbol.asyncDispose]();
});

it('counts what was reported', async () => {
  const rig = createRig();
  using _watching = reportAll(rig);
  const text = await rig.metrics.text();
  for (const line of [
    'parley_gateway_connections 1',
    'parley_gateway_opens_total 2',
    'parley_gateway_sent_frames_total 2',
    'parley_gateway_sent_bytes_total 200',
    'parley_gateway_batch_holes_total{shard="0"} 1',
    'parley_gateway_resumed_conversations_total{outcome="too_old"} 1',
    'parley_gateway_resume_entries_bucket{le="20"} 0',
    'parley_gateway_resume_entries_bucket{le="50"} 1',
    'parley_membership_lookups_total{result="hit"} 2',
    'parley_cql_failures_total{kind="write"} 1',
    'parley_cql_request_seconds_count{kind="read"} 1',
    'parley_redis_failures_total 1',
    'parley_redis_call_seconds_bucket{le="0.0005"} 1',
    'parley_reader_apply_seconds_bucket{reader="timeline-g1",le="0.2"} 0',
    'parley_reader_apply_seconds_bucket{reader="timeline-g1",le="0.5"} 2',
    'parley_reader_lag_seconds{reader="delivery",shard="0"} 0',
    'parley_reader_lag_seconds{reader="delivery",shard="1"} 2.5',
    'parley_projection_parked_conversations{reader="timeline-g1",shard="0"} 3',
    'parley_gateway_closes_total{code="4101"} 1',
    'parley_gateway_resynced_sessions_total{reason="hole"} 12',
    'parley_log_outbox_appends 9',
    'parley_log_failed_attempts_total{code="10164"} 1',
    'parley_reader_events_total{reader="timeline-g1",shard="0"} 2',
    'parley_reader_lag_events{reader="delivery",shard="0"} 0',
    'parley_reader_lag_events{reader="delivery",shard="1"} 42',
    'parley_reader_stopped{reader="timeline-g1",shard="0"} 1',
    'parley_leased_shards{role="delivery"} 2',
    'parley_lease_failures_total{role="delivery"} 1',
    'parley_projection_parked_total{projection="timeline"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  await rig.metrics[Symbol.asyncDispose]();
});

it('writes one JSON line for each thing an operator should look at', () => {
  const rig = createRig();
  reportAll(rig)[Symbol.dispose]();
  const lines = rig.lines.map((line): { level: string; time: number; msg: string } => JSON.parse(line));
  expect(lines.filter(({ level }) => level === 'fatal').map(({ msg }) => msg)).toEqual([
    'a reader stopped: the log is not what it promises, or newer than this build',
  ]);
  expect(lines.filter(({ level }) => level === 'error').map(({ msg }) => msg)).toEqual([
    'a conversation is parked',
    'nats-server died and is started again',
  ]);
  expect(lines.every(({ time }) => time === 5)).toBe(true);
});

it('never writes a token into a line', () => {
  const { logger, lines } = createRig();
  const secret = 'eyJhbGciOi';
  logger.info({ token: secret, headers: { authorization: secret, 'sec-websocket-protocol': secret } }, 'upgrade');
  logger.info({ frame: { type: 'auth', token: secret }, cookie: secret }, 'frame');
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain(secret);
});

it('says an error with its cause', () => {
  const { logger, lines } = createRig();
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
  expect(lines.join()).toMatch(/outer.*inner/);
});

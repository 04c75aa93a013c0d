// What the outside sees of a fleet: one message's trace through its processes, the series of every panel, and logs without what
// was said or who may say it.
import { readFileSync } from 'node:fs';
import { DASHBOARDS, seriesAskedFor } from '@parley/infra/observability';
import {
  Crowd,
  eventually,
  RecordingClient,
  scrape,
  startTraceCollector,
  type CollectedSpan,
  type Series,
  type TraceCollector,
} from '@parley/proof';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FleetUnderProof } from './fleet-under-proof.ts';

/** Only standalone has a nats-server of its own; the rest needs a bug, or a log, store or bus that fails. */
const ELSEWHERE =
  /^parley_(nats_restarts|lease_failures|reader_stopped|reader_retries|gateway_batch_holes|projection_(parked_total|passed_over|void)|log_(failed_attempts|reader_restarts))/;

let collector: TraceCollector;
let fleet: FleetUnderProof;
let crowd: Crowd;

beforeAll(async () => {
  collector = await startTraceCollector();
  fleet = await FleetUnderProof.start({
    shards: 4,
    cassandraNodes: 1,
    gateways: 2,
    settings: {
      PARLEY_LOG_LEVEL: 'trace',
      PARLEY_REGION: 'eu-test',
      PARLEY_TRACES_URL: collector.url,
      PARLEY_TRACES_SAMPLE: '0.5',
    },
  });
  await fleet.untilReady(180_000);
  crowd = await Crowd.gather({
    system: fleet,
    clients: 6,
    conversations: 8,
    membersEach: 3,
    sendsPerSecond: 20,
    seed: 1,
  });
  crowd.talk();
  await eventually('all talk', () => crowd.acked > 60, 120_000);
  for (const client of crowd.clients) client.moveOn(); // they come again, and resume
  await eventually('all came again', () => crowd.clients.every(({ connections }) => connections > 1), 120_000);
  await fetch(`${fleet.base}/v1/conversations`, { headers: { authorization: 'Bearer nobody' } });
  await crowd.clients[0]?.send('g_nobody', 'to nobody');
  await comeAndGo();
  await crowd.fallSilent();
}, 600_000);

afterAll(async () => {
  crowd.leave();
  await fleet[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
});

async function comeAndGo(): Promise<void> {
  const passing = new RecordingClient({
    url: () => fleet.socketUrl,
    userId: 'passing',
    token: (userId) => fleet.token(userId),
  });
  passing.start();
  await eventually('somebody came', () => passing.isReady, 60_000);
  passing.stop();
}

const traceOf = (spans: readonly CollectedSpan[], traceId: string) => spans.filter((span) => span.traceId === traceId);

describe('a trace', () => {
  const names = ['send', 'append', 'apply delivery', 'apply timeline-g1', 'apply conversations-g1'];
  const isWhole = (traceId: string): boolean => {
    const told = new Set(traceOf(collector.spans, traceId).map(({ name }) => name));
    return names.every((name) => told.has(name));
  };

  it('follows one message through gateway, log, delivery and projections, in their processes', async () => {
    await eventually('a trace is whole', () => collector.spans.some(({ traceId }) => isWhole(traceId)), 60_000);
    const whole = collector.spans.find(({ traceId }) => isWhole(traceId));
    const spans = new Map(traceOf(collector.spans, whole?.traceId ?? '').map((span) => [span.name, span]));
    expect([...spans].map(([name, { service }]) => `${name}: ${service}`).toSorted()).toEqual([
      'append: parley-gateway',
      'apply conversations-g1: parley-projector',
      'apply delivery: parley-delivery',
      'apply timeline-g1: parley-projector',
      'send: parley-gateway',
    ]);
    expect(spans.get('send')?.parentSpanId ?? '').toBe('');
    expect(spans.get('append')?.parentSpanId).toBe(spans.get('send')?.spanId);
    for (const reader of ['delivery', 'timeline-g1', 'conversations-g1']) {
      expect(spans.get(`apply ${reader}`)?.parentSpanId).toBe(spans.get('append')?.spanId);
    }
    const position = spans.get('apply delivery')?.attributes.get('parley.position');
    expect(spans.get('apply timeline-g1')?.attributes.get('parley.position')).toBe(position);
  });

  it('is made of some messages, not of others', () => {
    const sends = collector.spans.filter(({ name }) => name === 'send').length;
    expect(sends).toBeGreaterThan(crowd.acked / 5);
    expect(sends).toBeLessThan(crowd.acked);
  });
});

describe('the dashboards', () => {
  it('ask for series that the processes of a fleet expose', async () => {
    const series: Series[] = [];
    for (const url of fleet.adminUrls) series.push(...(await scrape(url)));
    const queries = DASHBOARDS.flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.queries.map(([, query]) => query)),
    );
    const asked = queries.flatMap(seriesAskedFor).filter(({ name }) => !ELSEWHERE.test(name));
    const missing = asked.filter(
      ({ name, labels }) =>
        !series.some((each) => each.name === name && labels.every((label) => each.labels.has(label))),
    );
    expect(missing).toEqual([]);
    expect(series.filter(({ labels }) => labels.get('region') !== 'eu-test')).toEqual([]);
    for (const name of ['parley_cql_request_seconds_count', 'parley_redis_call_seconds_count']) {
      expect(series.filter((each) => each.name === name).reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(
        100,
      );
    }
  });
});

describe('the logs of a fleet', () => {
  it('have no word of what was said, nor a token', async () => {
    const token = await fleet.token('user-0');
    const [header = '', claims = ''] = token.split('.');
    const members = (['gateway', 'delivery', 'projector'] as const).flatMap((kind) => fleet.members(kind));
    const lines = members.flatMap(({ plan }) => readFileSync(plan.logFile, 'utf8').split('\n'));
    expect(lines.filter((line) => line.includes('a session begins')).length).toBeGreaterThanOrEqual(
      crowd.clients.length,
    );
    for (const secret of ['message ', 'ä€😀', 'to nobody', header, claims.slice(0, 16)]) {
      expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    }
  });
});

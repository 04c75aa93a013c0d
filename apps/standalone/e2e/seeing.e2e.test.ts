// What the outside sees of a real process that is busy: every panel of the dashboards has its series, and no line of its log has
// what was said or who may say it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DASHBOARDS, FLEET_DASHBOARDS, seriesAskedFor, type AskedSeries } from '@parley/infra/observability';
import { Crowd, eventually, RecordingClient, scrape, type Series } from '@parley/proof';
import { StandaloneProcess } from './standalone-process.ts';

/** Only a fleet has leases; the rest needs a bug, or a log, store or bus that fails: that these are asked rightly the table says. */
const ELSEWHERE =
  /^parley_(lease|reader_stopped|reader_retries|gateway_batch_holes|projection_(parked_total|passed_over|void))/;

const settings = { PARLEY_LOG_LEVEL: 'trace', PARLEY_REGION: 'eu-test' };
const secretWord = 'ganzgeheim';

let standalone: StandaloneProcess;
let crowd: Crowd;
let token: string;

beforeAll(async () => {
  standalone = await StandaloneProcess.start(settings);
  const load = { clients: 6, conversations: 8, membersEach: 3, sendsPerSecond: 40, seed: 1 };
  crowd = await Crowd.gather({ system: standalone, ...load });
  token = await standalone.token('user-0');
  crowd.talk();
  await eventually('all talk', () => crowd.acked > 60, 60_000);
  for (const client of crowd.clients) client.moveOn(); // they come again, and resume
  await eventually('all came again', () => crowd.clients.every(({ connections }) => connections > 1), 60_000);
  await misbehave();
  standalone.killNats();
  const acked = crowd.acked;
  await eventually('acks again', () => crowd.acked > acked + 60, 60_000);
  await crowd.fallSilent();
}, 300_000);

afterAll(async () => {
  crowd.leave();
  await standalone[Symbol.asyncDispose]();
});

/** What is refused is logged, too, and who goes. */
async function misbehave(): Promise<void> {
  const passing = new RecordingClient({
    url: () => standalone.socketUrl,
    userId: 'passing',
    token: (userId) => standalone.token(userId),
  });
  passing.start();
  await eventually('somebody came', () => passing.isReady);
  passing.stop();
  await crowd.clients[0]?.send('g_nobody', secretWord);
  const call = async (url: string, headers: Record<string, string>, body?: string) =>
    fetch(`${standalone.base}${url}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body }),
    });
  const authorization = `Bearer ${token}`;
  await call(`/v1/conversations?${secretWord}=${token}`, { authorization: `Bearer ${token}x` });
  await call(
    '/v1/conversations/g_nobody/messages',
    { authorization, 'content-type': 'application/json' },
    `{"body":"${secretWord}`,
  );
  await call('/v1/conversations', { authorization, cookie: token, 'x-request-id': 'asked-by-a-test' });
}

describe('the dashboards', () => {
  const askedOf = DASHBOARDS.filter((dashboard) => !FLEET_DASHBOARDS.includes(dashboard)).flatMap(({ panels }) =>
    panels.flatMap(({ queries }) => queries.flatMap(([, query]) => seriesAskedFor(query))),
  );

  it('ask for series that a running process exposes, with those labels and its region', async () => {
    const series = await scrape(`http://127.0.0.1:${standalone.adminPort}`);
    expect(askedOf.length).toBeGreaterThan(50);
    expect(askedOf.filter(({ name }) => !ELSEWHERE.test(name)).filter((asked) => !isExposed(series, asked))).toEqual(
      [],
    );
    expect(series.filter(({ labels }) => labels.get('region') !== 'eu-test')).toEqual([]);
  });

  it('show what happened', async () => {
    const metrics = (): Promise<readonly Series[]> => scrape(`http://127.0.0.1:${standalone.adminPort}`);
    // A reader says now and then how far it is.
    await eventually(
      'every reader is at the head',
      async () => sumOf(await metrics(), 'parley_reader_lag_events') === 0,
    );
    const series = await metrics();
    const sum = (name: string, labels?: Readonly<Record<string, string>>): number => sumOf(series, name, labels);
    expect(sum('parley_gateway_connections')).toBeGreaterThanOrEqual(crowd.clients.length);
    expect(sum('parley_gateway_ack_seconds_count')).toBeGreaterThanOrEqual(crowd.acked);
    expect(sum('parley_gateway_resumed_conversations_total', { outcome: 'resumed' })).toBeGreaterThan(0);
    expect(sum('parley_nats_restarts_total')).toBe(1);
    expect(sum('parley_reader_lag_seconds')).toBe(0);
    const applied = sum('parley_reader_apply_seconds_count', { reader: 'delivery' });
    expect(applied).toBe((await standalone.readLog()).length);
    expect(sum('parley_reader_events_total', { reader: 'delivery' })).toBe(applied);
  });
});

const sumOf = (series: readonly Series[], name: string, labels: Readonly<Record<string, string>> = {}): number =>
  series
    .filter(
      (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels.get(key) === value),
    )
    .reduce((total, { value }) => total + value, 0);

const isExposed = (series: readonly Series[], { name, labels }: AskedSeries): boolean =>
  series.some((each) => each.name === name && labels.every((label) => each.labels.has(label)));

describe('the log of a process', () => {
  it('has one JSON object a line, of sessions and requests, and no word of what was said nor a token', () => {
    const lines = standalone.output.split('\n').filter((line) => line.startsWith('{'));
    const events = lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
    const messages = new Set(events.map(({ msg }) => msg));
    for (const told of ['a session begins', 'a session has ended', 'a frame is refused', 'a request is answered']) {
      expect(messages).toContain(told);
    }
    expect(events.filter(({ msg, sessionId }) => msg === 'a frame is refused' && sessionId === undefined)).toEqual([]);
    expect(events.find(({ requestId }) => requestId === 'asked-by-a-test')).toMatchObject({
      route: 'listConversations',
    });
    const [, signature = ''] = /[.]([^.]+)$/.exec(token) ?? [];
    for (const secret of ['message ', 'ä€😀', secretWord, token, signature]) {
      expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    }
  });
});

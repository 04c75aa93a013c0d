// Groups through three gateways at once: no change is lost or made twice, and who is removed hears of that and then nothing, wherever
// it raced with what others said.
import { setTimeout as pause } from 'node:timers/promises';
import type { ConversationPage, ConversationSummary, MemberPage } from '@parley/protocol';
import {
  checkHistory,
  eventually,
  HistoryRecorder,
  isAcked,
  readLog,
  type LogEntry,
  type RecordingClient,
} from '@parley/proof';
import { expect, test } from 'vitest';
import { startFleet, type Fleet } from './fleet.ts';

interface Call {
  readonly user: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1/conversations`. */
  readonly path: string;
  readonly body?: object;
  readonly key?: string;
}

interface Answer<Body> {
  readonly status: number;
  readonly body: Body & { readonly code?: string };
}

/** The answer's body is what the test says that it is. */
async function call<Body = object>(fleet: Fleet, at: number, asked: Call): Promise<Answer<Body>> {
  const { user, method, path, body, key } = asked;
  const response = await fetch(`${fleet.gateways[at % fleet.gateways.length]?.url}/v1/conversations${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await fleet.token(user)}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer<Body>['body'] };
}

/** Asks again when it is told to. */
async function untilDone(fleet: Fleet, at: number, asked: Call): Promise<number> {
  for (;;) {
    const { status } = await call(fleet, at, asked);
    if (status !== 503) return status;
    await pause(50);
  }
}

async function create(
  fleet: Fleet,
  user: string,
  group: { readonly members: readonly string[]; readonly settings?: object },
): Promise<string> {
  const body = { type: 'group', ...group };
  const created = await call<ConversationSummary>(fleet, 0, { user, method: 'POST', path: '', body });
  expect(created.status).toBe(201);
  return created.body.conversation_id;
}

const eventsOf = async ({ natsUrl }: Fleet, id: string): Promise<readonly LogEntry[]> =>
  (await readLog({ servers: natsUrl })).filter(({ conversationId, isVoid }) => conversationId === id && !isVoid);

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

test('fifty changes at once are each made once, and the group is what the log says', async () => {
  await using fleet = await startFleet();
  const [gone, leaving, promoted, coming] = [
    numbered('gone', 10),
    numbered('leaving', 10),
    numbered('promoted', 10),
    numbered('coming', 15),
  ];
  const id = await create(fleet, 'ada', { members: [...gone, ...leaving, ...promoted] });
  const members = `/${id}/members`;
  const byAda = (method: Call['method'], path: string, body?: object): Call => ({
    user: 'ada',
    method,
    path,
    ...(body && { body }),
  });
  const renames = numbered('name', 5).map((name) => byAda('PATCH', `/${id}`, { name }));
  const others: readonly Call[] = [
    ...coming.map((user) => byAda('POST', members, { user_ids: [user] })),
    ...gone.map((user) => byAda('DELETE', `${members}/${user}`)),
    ...leaving.map((user): Call => ({ user, method: 'DELETE', path: `${members}/me` })),
    ...promoted.map((user) => byAda('PATCH', `${members}/${user}`, { role: 'admin' })),
  ];
  // All but the renames twice, through two gateways at the same time.
  const statuses = await Promise.all([
    ...renames.map((each, at) => untilDone(fleet, at, each)),
    ...others.flatMap((each, at) => [untilDone(fleet, at, each), untilDone(fleet, at + 1, each)]),
  ]);
  expect(statuses.filter((status) => status >= 300)).toEqual([]);

  const said = (await eventsOf(fleet, id)).map((event) => event.said).filter((each) => each.type !== 'message');
  const told = said.slice(1).map(({ type, users, name = '' }) => `${type} ${[...users, name].join('')}`);
  expect(told.toSorted()).toEqual(
    [
      ...coming.map((user) => `added ${user}`),
      ...gone.map((user) => `removed ${user}`),
      ...leaving.map((user) => `left ${user}`),
      ...promoted.map((user) => `role ${user}`),
      ...numbered('name', 5).map((name) => `renamed ${name}`),
    ].toSorted(),
  );

  const roles: readonly [string, string][] = [
    ['ada', 'owner'],
    ...promoted.map((user): [string, string] => [user, 'admin']),
    ...coming.map((user): [string, string] => [user, 'member']),
  ];
  for (const at of [0, 1, 2]) {
    const page = await call<MemberPage>(fleet, at, byAda('GET', `${members}?limit=100`));
    const seen = page.body.members.map(({ user_id: user, role }): [string, string] => [user, role]);
    expect(new Map(seen)).toEqual(new Map(roles));
    expect(seen).toHaveLength(roles.length);
    const summary = await call<ConversationSummary>(fleet, at, byAda('GET', `/${id}`));
    const name = said.findLast(({ type }) => type === 'renamed')?.name;
    expect(summary.body).toMatchObject({ name, member_count: 26 });
  }
});

test('a group that is created many times at once with one key is one, and another content under it is refused', async () => {
  await using fleet = await startFleet();
  const ask = (at: number, name: string) =>
    call<ConversationSummary>(fleet, at, {
      user: 'ada',
      method: 'POST',
      path: '',
      body: { type: 'group', members: ['bob'], name },
      key: 'the-key',
    });
  const answers = await Promise.all(Array.from({ length: 9 }, (_, at) => ask(at, 'Tea')));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
  const ids = new Set(answers.map(({ body }) => body.conversation_id));
  expect(ids.size).toBe(1);
  expect(await ask(1, 'Coffee')).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
  expect(await eventsOf(fleet, [...ids][0] ?? '')).toHaveLength(1);
});

const rounds = 12;

test('who is removed while others talk hears of it and then nothing, whatever is asked, until they are added again', async () => {
  await using fleet = await startFleet();
  const recorder = new HistoryRecorder();
  const client = (user: string, gateway: number, device = 'phone'): RecordingClient =>
    fleet.recorded(recorder, user, { gateway, device });
  const [owner, other] = [client('owner', 0), client('other', 2)];
  const theirs = [client('gone', 1), client('gone', 2, 'laptop')];
  const everybody = [owner, other, ...theirs];
  await eventually('all are connected', () => everybody.every(({ isQuiet }) => isQuiet));
  let during = 0;

  for (let round = 0; round < rounds; round++) {
    const history = round % 2 === 0 ? 'shared' : 'since_join';
    const id = await create(fleet, 'owner', { members: ['gone', 'other'], settings: { history } });
    const say = (by: RecordingClient, count: number) =>
      Promise.all(Array.from({ length: count }, (_, nth) => by.send(id, `${by.userId} ${nth}`)));
    const talk = [owner, other, ...theirs].map((each) => say(each, 20));
    const looking = lookAround(fleet, id);
    await pause(round);
    const removal = { user: 'owner', method: 'DELETE', path: `/${id}/members/gone` } as const;
    expect((await call(fleet, round, removal)).status).toBe(204);
    await expectNothing(fleet, id);
    during += (await looking.stop()).pages;
    await Promise.all(talk);
    expect((await say(owner, 5)).every(isAcked)).toBe(true);
    for (const device of theirs) device.resume([id]);

    const events = await eventsOf(fleet, id);
    const end = positionOf(events, 'removed');
    await eventually('every device heard of it', () => theirs.every(({ entries }) => entries.get(id)?.has(end)));
    await eventually('all have settled', () => everybody.every(({ isQuiet }) => isQuiet));
    for (const { entries } of theirs) expect(Math.max(...(entries.get(id)?.keys() ?? []))).toBe(end);
    expect(Math.max(0, ...looking.seen())).toBeLessThanOrEqual(end);

    await call(fleet, round + 1, {
      user: 'owner',
      method: 'POST',
      path: `/${id}/members`,
      body: { user_ids: ['gone'] },
    });
    const join = positionOf(await eventsOf(fleet, id), 'added');
    const page = await theirs[0]?.page(fleet.gateways[round % 3]?.url ?? '', id, { after: 0, limit: 100 });
    const readable = events.filter(
      ({ said, position }) => said.type === 'message' && (history === 'shared' || position < end),
    );
    expect(page?.messages.map(({ position }) => position)).toEqual(readable.map(({ position }) => position));
    await eventually('every device is told', () => theirs.every(({ entries }) => entries.get(id)?.has(join)));
  }

  for (const event of await readLog({ servers: fleet.natsUrl })) {
    const { conversationId: conversation, position, said, isVoid, storedMs } = event;
    recorder.record({ kind: 'logged', conversation, position, said, isVoid, storedMs });
  }
  expect(during).toBeGreaterThan(rounds); // they did read meanwhile
  expect(checkHistory(recorder.history, { visibleWithinMs: 60_000 })).toEqual([]);
  for (const each of everybody) {
    expect(each.offences).toEqual([]);
    each.stop();
  }
});

function positionOf(events: readonly LogEntry[], type: LogEntry['said']['type']): number {
  const found = events.find(({ said }) => said.type === type);
  if (!found) throw new Error(`the log has no event of type ${type}`);
  return found.position;
}

/** Pages and the list, again and again, from all gateways, as who is about to be removed. */
function lookAround(fleet: Fleet, id: string) {
  const seen: number[] = [];
  const over = new AbortController();
  let pages = 0;
  const look = async (at: number): Promise<void> => {
    while (!over.signal.aborted) {
      const asked = { user: 'gone', method: 'GET' } as const;
      const page = await call<{ messages?: { message_id: string }[] }>(fleet, at, {
        ...asked,
        path: `/${id}/messages`,
      });
      seen.push(...(page.body.messages ?? []).map(({ message_id: position }) => Number(position)));
      if (page.status === 200) pages++;
      const list = await call<ConversationPage>(fleet, at, { ...asked, path: '' });
      const listed = list.body.conversations?.find(({ conversation_id: one }) => one === id);
      if (listed) seen.push(Number(listed.head));
    }
  };
  const looking = Promise.all([0, 1, 2].map(look));
  return {
    seen: () => seen,
    async stop() {
      over.abort();
      await looking;
      return { pages };
    },
  };
}

/** From the answer to the removal on, through every gateway. */
async function expectNothing(fleet: Fleet, id: string): Promise<void> {
  const asked = { user: 'gone', method: 'GET' } as const;
  for (const at of [0, 1, 2]) {
    for (const path of [`/${id}`, `/${id}/members`, `/${id}/messages`, `/${id}/messages/1`]) {
      expect(await call(fleet, at, { ...asked, path })).toMatchObject({ status: 403, body: { code: 'not_a_member' } });
    }
    const list = await call<ConversationPage>(fleet, at, { ...asked, path: '' });
    expect(list.body.conversations.map(({ conversation_id: one }) => one)).not.toContain(id);
  }
}

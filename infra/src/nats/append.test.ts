// The outbox alone, with a server that answers when told.
import type { ConversationId, NewEvent, Position, StoredEvent, UserId } from '@parley/domain';
import { headers } from '@nats-io/transport-node';
import { uuidv7 } from 'uuidv7';
import { expect, test } from 'vitest';
import { API_CODES } from './api-error.ts';
import { APPEND_LIMITS, Outbox } from './append.ts';
import type { PublishOutcome } from './publish.ts';

test('has one append of a conversation on the wire, and the next when that is answered', async () => {
  const { outbox, sent, settle } = setUp();
  const answers = Promise.all(['first', 'second'].map((key) => outbox.append(eventOf('g_1', key))));
  await settle();
  expect(sent.map(({ key }) => key)).toEqual(['first']);
  sent[0]?.answer(storedAt(1));
  await settle();
  expect(sent.map(({ key }) => key)).toEqual(['first', 'second']);
  sent[1]?.answer(storedAt(2));
  expect(await answers).toEqual([
    { type: 'Appended', position: 1, duplicate: false },
    { type: 'Appended', position: 2, duplicate: false },
  ]);
});

test('keeps the order of a conversation through retries', async () => {
  const { outbox, sent, settle } = setUp();
  const answers = Promise.all(['first', 'second'].map((key) => outbox.append(eventOf('g_1', key))));
  await settle();
  sent[0]?.answer({ type: 'Failed', code: API_CODES.ConditionInFlight });
  await settle();
  sent[1]?.answer({ type: 'Failed', code: 'timeout' });
  await settle();
  sent[2]?.answer(storedAt(1));
  await settle();
  sent[3]?.answer(storedAt(2));
  await answers;
  expect(sent.map(({ key }) => key)).toEqual(['first', 'first', 'first', 'second']);
});

test('has a bounded number of appends on the wire, and uses every place again', async () => {
  const { outbox, sent, settle } = setUp();
  const count = APPEND_LIMITS.inFlightMax + 10;
  const answers = Promise.all(Array.from({ length: count }, (_, index) => outbox.append(eventOf(`g_${index}`, 'key'))));
  await settle();
  expect(sent).toHaveLength(APPEND_LIMITS.inFlightMax);
  for (const { answer } of sent) answer(storedAt(1));
  await settle();
  expect(sent).toHaveLength(count);
  for (const { answer } of sent) answer(storedAt(1));
  expect(await answers).toHaveLength(count);
});

test('a failure of one append does not become the failure of the next', async () => {
  const { outbox, sent, settle } = setUp();
  const answers = Promise.allSettled(['first', 'second'].map((key) => outbox.append(eventOf('g_1', key))));
  await settle();
  sent[0]?.fail(new Error('a defect'));
  await settle();
  sent[1]?.answer(storedAt(1));
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('repeats with the same deadline until shortly before it, and then says Unavailable', async () => {
  const { outbox, sent, settle, world } = setUp();
  const answer = outbox.append(eventOf('g_1', 'key'));
  await settle();
  expect(sent[0]?.timeoutMs).toBe(APPEND_LIMITS.attemptTimeoutMs);
  world.nowTs += 24_999;
  sent[0]?.answer({ type: 'Failed', code: 'timeout' });
  await settle();
  expect(sent).toHaveLength(2);
  world.nowTs += 1;
  sent[1]?.answer({ type: 'Failed', code: 'timeout' });
  expect(await answer).toMatchObject({ type: 'Unavailable' });
  expect(sent).toHaveLength(2);
});

test('answers everything that waits when it is closed', async () => {
  const { outbox, sent, settle } = setUp();
  const answers = Promise.all(['first', 'second'].map((key) => outbox.append(eventOf('g_1', key))));
  await settle();
  const closing = outbox[Symbol.asyncDispose]();
  sent[0]?.answer({ type: 'Failed', code: 'closed' });
  expect((await answers).map(({ type }) => type)).toEqual(['Unavailable', 'Unavailable']);
  await closing;
});

interface Sent {
  readonly key: string;
  readonly timeoutMs: number;
  readonly answer: (outcome: PublishOutcome) => void;
  readonly fail: (error: Error) => void;
}

const startTs = 1_800_000_000_000;

function setUp() {
  const sent: Sent[] = [];
  const world = {
    nowTs: startTs,
    now: () => world.nowTs,
    schedule: () => ({ [Symbol.dispose]: () => undefined }),
    sleep: async () => undefined,
    random: () => 0.5,
    uuid: uuidv7,
  };
  const outbox = new Outbox({
    shards: 2,
    world,
    observer: {},
    readBack: async (): Promise<StoredEvent | undefined> => undefined,
    publisher: {
      prepare: ({ subject, headers: values, body }) => {
        const prepared = headers();
        prepared.set('Nats-Msg-Id', values.get('Nats-Msg-Id') ?? '');
        return { subject, headers: prepared, body };
      },
      publish: (publication, timeoutMs) => {
        const { promise, resolve, reject } = Promise.withResolvers<PublishOutcome>();
        sent.push({ key: publication.headers.get('Nats-Msg-Id'), timeoutMs, answer: resolve, fail: reject });
        return promise;
      },
    },
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { outbox, sent, world, settle };
}

const storedAt = (seq: number): PublishOutcome => ({ type: 'Stored', seq, duplicate: false });

const eventOf = (conversationId: string, idempotencyKey: string): NewEvent => ({
  conversationId: conversationId as ConversationId,
  actorId: 'ann' as UserId,
  event: { type: 'conversation.member_left', userId: 'ann' as UserId },
  decidedOn: 0 as Position,
  notAfterTs: startTs + 30_000,
  idempotencyKey,
  bodyHash: 'hash',
});

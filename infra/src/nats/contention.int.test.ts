// What R3 answers when gateways race (docs/jetstream.md), each code provoked and seen: 10158, 10164, 10071.
import type { NewEvent } from '@parley/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_CODES } from './api-error.ts';
import { createRoom, memberLeaves, messageIn, openTestLog, readAll, stored, type TestLog } from './test-log.ts';
import { startTestCluster, type TestCluster } from './test-servers.ts';

let cluster: TestCluster;
let gateways: readonly [TestLog, TestLog];

beforeAll(async () => {
  cluster = await startTestCluster();
  const options = { servers: cluster.urls, replicas: 3 } as const;
  gateways = [await openTestLog(options), await openTestLog(options)];
}, 120_000);

afterAll(async () => {
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

test('two gateways that append in one conversation get in each other’s way (10164), and store everything once', async () => {
  const [one, other] = gateways;
  const room = await createRoom(one);
  const head = await one.log.head(room.shard);
  const events = await untilSeen(API_CODES.ConditionInFlight, async () => {
    const pair = [messageIn(one.world, room), messageIn(other.world, room)] as const;
    await Promise.all([stored(one.log, pair[0]), stored(other.log, pair[1])]);
    return pair;
  });
  const found = (await readAll(one.log, room.shard)).filter(({ position }) => position > head);
  expect(found.map(({ idempotencyKey }) => idempotencyKey).toSorted()).toEqual(
    events.map(({ idempotencyKey }) => idempotencyKey).toSorted(),
  );
});

test('two gateways that append the same event at once (10158) get the same position', async () => {
  const [one, other] = gateways;
  const room = await createRoom(one);
  await untilSeen(API_CODES.DuplicateInFlight, async () => {
    const event = messageIn(one.world, room);
    const [first, second] = await Promise.all([stored(one.log, event), stored(other.log, event)]);
    expect(first.position).toBe(second.position);
    expect(first.duplicate).not.toBe(second.duplicate);
    return [event];
  });
});

test('of two gateways that change a conversation on the same state one is refused (10071)', async () => {
  const [one, other] = gateways;
  await untilSeen(API_CODES.WrongLastSequence, async () => {
    const room = await createRoom(one);
    const changes = [memberLeaves(one.world, room), memberLeaves(other.world, room)] as const;
    const answers = await Promise.all([one.log.append(changes[0]), other.log.append(changes[1])]);
    expect(answers.map(({ type }) => type).toSorted()).toEqual(['Appended', 'Stale']);
    return [];
  });
});

test('a retry on a state that has changed since gives the original', async () => {
  const [one, other] = gateways;
  const room = await createRoom(one);
  const event = messageIn(one.world, room);
  const { position } = await stored(one.log, event);
  await stored(other.log, memberLeaves(other.world, room));
  expect(await one.log.append(event)).toEqual({ type: 'Appended', position, duplicate: true });
});

const roundsMax = 500;

/** Repeats a race until one of the two gateways has seen that code; gives all the events of all rounds. */
async function untilSeen(code: number, race: () => Promise<readonly NewEvent[]>): Promise<readonly NewEvent[]> {
  const events: NewEvent[] = [];
  const seen = (): number => gateways[0].count(code) + gateways[1].count(code);
  for (let round = 0; round < roundsMax && seen() === 0; round++) events.push(...(await race()));
  expect(seen()).toBeGreaterThan(0);
  return events;
}

// What every event log does (`log.ts`), as tests: run by the adapter on JetStream and by the one in memory.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isVoid } from './acceptance.ts';
import type { ChatEvent, NewEvent, StoredEvent } from './event.ts';
import {
  NO_POSITION,
  position,
  shardOf,
  type ClientMessageId,
  type ConversationId,
  type Position,
  type Shard,
  type UserId,
} from './ids.ts';
import { LogGap, readBatchMax, type Appended, type ConversationRange, type EventLog } from './log.ts';
import type { World } from './world.ts';

export interface OpenedLog extends AsyncDisposable {
  /** At least two shards, nothing else writing to it. */
  readonly log: EventLog;
  /** What the log was given. */
  readonly world: World;
  /** Moves that world's clock, not the log's own. */
  readonly setClockOffset: (offsetMs: number) => void;
}

export function describeEventLog(name: string, open: () => Promise<OpenedLog>): void {
  describe(`${name}, as an event log`, () => {
    let opened: OpenedLog;
    beforeAll(async () => {
      opened = await open();
    }, 60_000);
    afterAll(async () => opened[Symbol.asyncDispose]());
    // A log is opened before its tests run, and described before that: hence the function.
    const subject = (): Fixture => fixture(opened);
    appendCases(subject);
    readCases(subject);
    lookUpCases(subject);
  });
}

function appendCases(subject: () => Fixture): void {
  test('stores an event at a position above every earlier one of its shard', async () => {
    const { log, message, created } = subject();
    const { conversationId, meta } = await created();
    const first = await stored(log, message(conversationId, meta));
    const second = await stored(log, message(conversationId, meta));
    expect(second.position).toBeGreaterThan(first.position);
    expect(first.duplicate).toBe(false);
  });

  test('answers the same idempotency key with the position of the original', async () => {
    const { log, message, created } = subject();
    const { conversationId, meta } = await created();
    const event = message(conversationId, meta);
    const original = await stored(log, event);
    const again = await stored(log, { ...event, event: { ...event.event, body: 'other content' } as ChatEvent });
    expect(again).toEqual({ type: 'Appended', position: original.position, duplicate: true });
    expect(await log.readOne(shardOf(conversationId, log.shards), original.position)).toMatchObject(event);
  });

  test('refuses what was decided on an older state of the conversation', async () => {
    const { log, message, memberAdded, created } = subject();
    const { conversationId, meta } = await created();
    const changed = await stored(log, memberAdded(conversationId, meta));
    expect(await log.append(message(conversationId, meta))).toEqual({ type: 'Stale' });
    expect(await log.append(memberAdded(conversationId, meta))).toEqual({ type: 'Stale' });
    await stored(log, message(conversationId, changed.position));
  });

  test('refuses what was decided on a state that is not there', async () => {
    const { log, message, newConversationId, memberAdded } = subject();
    const conversationId = newConversationId();
    expect(await log.append(message(conversationId, position(1_000_000)))).toEqual({ type: 'Stale' });
    const first = await stored(log, memberAdded(conversationId, NO_POSITION));
    expect(await log.append(memberAdded(conversationId, NO_POSITION))).toEqual({ type: 'Stale' });
    await stored(log, message(conversationId, first.position));
  });

  test('of concurrent changes on the same state exactly one is stored', async () => {
    const { log, memberAdded, created } = subject();
    const { conversationId, meta } = await created();
    const answers = await Promise.all(Array.from({ length: 8 }, () => log.append(memberAdded(conversationId, meta))));
    expect(answers.map(({ type }) => type).toSorted()).toEqual(['Appended', ...Array<string>(7).fill('Stale')]);
    expect(await log.conversationEvents(conversationId, meta)).toHaveLength(1);
  });

  test('keeps the order of calls within a conversation', async () => {
    const { log, message, created } = subject();
    const { conversationId, meta } = await created();
    const events = Array.from({ length: 100 }, () => message(conversationId, meta));
    const answers = await Promise.all(events.map((event) => stored(log, event)));
    const positions = answers.map((answer) => answer.position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(new Set(positions).size).toBe(events.length);
  });

  test('does not store what is asked for too near to its not-after', async () => {
    const { log, world, message, created } = subject();
    const { conversationId, meta } = await created();
    const head = await log.head(shardOf(conversationId, log.shards));
    const late = { ...message(conversationId, meta), notAfterTs: world.now() + 4_000 };
    expect(await log.append(late)).toMatchObject({ type: 'Unavailable' });
    expect(await log.head(shardOf(conversationId, log.shards))).toBe(head);
  });
}

function readCases(subject: () => Fixture): void {
  test('reads from any position what was stored after it, in order, whatever the mix of conversations', async () => {
    const { log, message, created, read } = subject();
    const conversations = [await created(), await created(), await created()];
    const shard = shardOf(conversations[0]?.conversationId ?? ('' as ConversationId), log.shards);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 1, maxLength: 30 }), fc.nat(), async (choices, start) => {
        const events = choices.flatMap((choice) => conversations[choice] ?? []);
        await Promise.all(events.map(({ conversationId, meta }) => stored(log, message(conversationId, meta))));
        const head = await log.head(shard);
        const after = position(start % head);
        const seen = await read(shard, after, head);
        expect(seen.map((event) => event.position)).toEqual(range(after + 1, head));
        expect(seen.at(-1)).toEqual(await log.readOne(shard, head));
      }),
      { numRuns: 15 },
    );
  });

  test('goes on with live events, alike for two readers', async () => {
    const { log, message, created, read } = subject();
    const { conversationId, meta } = await created();
    const shard = shardOf(conversationId, log.shards);
    const head = await log.head(shard);
    const until = position(head + 50);
    const readers = [read(shard, head, until), read(shard, NO_POSITION, until)];
    for (let count = 0; count < 50; count++) await stored(log, message(conversationId, meta));
    const [live = [], whole = []] = await Promise.all(readers);
    expect(live.map((event) => event.position)).toEqual(range(head + 1, until));
    expect(whole.slice(-live.length)).toEqual(live);
    expect(whole).toHaveLength(until);
  });

  test('ends when its signal aborts, while waiting and before the first step', async () => {
    const { log, created, take } = subject();
    const { conversationId, meta } = await created();
    const shard = shardOf(conversationId, log.shards);
    const ended = new AbortController();
    const waiting = take(log.read(shard, meta, { reader: 'waiting', signal: ended.signal }));
    ended.abort();
    expect(await waiting).toEqual([]);
    expect(await take(log.read(shard, NO_POSITION, { reader: 'aborted', signal: ended.signal }))).toEqual([]);
  });

  test('stops a reader that is ahead of the log', async () => {
    const { log, created, read } = subject();
    const { conversationId } = await created();
    const shard = shardOf(conversationId, log.shards);
    const beyond = position((await log.head(shard)) + 1);
    await expect(read(shard, beyond, position(beyond + 1))).rejects.toThrow(LogGap);
  });
}

function lookUpCases(subject: () => Fixture): void {
  test('gives back by position exactly what was stored', async () => {
    const { log, message, created } = subject();
    const { conversationId, meta } = await created();
    const shard = shardOf(conversationId, log.shards);
    const event = message(conversationId, meta);
    const { position: at } = await stored(log, event);
    expect(await log.readOne(shard, at)).toEqual({ ...event, position: at, storedTs: expect.any(Number) });
    expect(await log.readOne(shard, position(at + 1_000))).toBeUndefined();
    expect(await log.head(shard)).toBe(at);
  });

  test('gives every change of one conversation after a position, and nothing else', async () => {
    const { log, message, memberAdded, created } = subject();
    const other = await created();
    const { conversationId, meta } = await created();
    const changes: Position[] = [meta];
    for (let count = 0; count < 5; count++) {
      const last = changes.at(-1) ?? NO_POSITION;
      await stored(log, message(conversationId, last));
      changes.push((await stored(log, memberAdded(conversationId, last))).position);
      await stored(log, message(other.conversationId, other.meta));
    }
    for (const [index, after] of [NO_POSITION, ...changes].entries()) {
      const events = await log.conversationEvents(conversationId, after);
      expect(events.map((event) => event.position)).toEqual(changes.slice(index));
    }
  });

  test('knows of no change of a conversation that has none', async () => {
    const { log, newConversationId } = subject();
    expect(await log.conversationEvents(newConversationId(), NO_POSITION)).toEqual([]);
  });

  test('gives all that was said and changed in one conversation between two positions, in bounded steps', async () => {
    const { log, message, memberAdded, created, conversation } = subject();
    const [{ conversationId, meta }, other] = [await created(), await created()];
    const positions: Position[] = [meta];
    let last = meta;
    for (let round = 0; round < 4; round++) {
      const said = Array.from({ length: 200 }, () => stored(log, message(conversationId, last)));
      const between = Array.from({ length: 5 }, () => stored(log, message(other.conversationId, other.meta)));
      positions.push(...(await Promise.all(said)).map(({ position }) => position));
      await Promise.all(between);
      last = (await stored(log, memberAdded(conversationId, last))).position;
      positions.push(last);
    }
    const head = await log.head(shardOf(conversationId, log.shards));
    for (const [after, upTo] of [
      [NO_POSITION, head],
      [meta, last],
      [meta, position(last - 1)],
      [positions[300] ?? meta, positions[700] ?? meta],
      [last, head],
    ] as const) {
      const steps = await conversation(conversationId, { after, upTo });
      expect(Math.max(0, ...steps.map((step) => step.length))).toBeLessThanOrEqual(readBatchMax);
      expect(steps.flat().map((event) => event.position)).toEqual(positions.filter((at) => at > after && at <= upTo));
    }
    expect((await conversation(conversationId, { after: position(last - 1), upTo: last })).flat()).toEqual([
      await log.readOne(shardOf(conversationId, log.shards), last),
    ]);
  });

  test('gives nothing of a conversation that has no event, or that nobody may read any more', async () => {
    const { log, created, conversation, newConversationId } = subject();
    const { conversationId } = await created();
    const head = await log.head(shardOf(conversationId, log.shards));
    expect(await conversation(newConversationId(), { after: NO_POSITION, upTo: head })).toEqual([]);
    const aborted = { after: NO_POSITION, upTo: head, signal: AbortSignal.abort() };
    expect(await conversation(conversationId, aborted)).toEqual([]);
  });

  test('keeps void events where they are: read, looked up, and the state the next one is decided on', async () => {
    const { log, world, message, memberAdded, created, setClockOffset } = subject();
    const { conversationId, meta } = await created();
    setClockOffset(-60_000);
    const late = { ...memberAdded(conversationId, meta), notAfterTs: world.now() + 30_000 };
    const { position: at } = await stored(log, late);
    setClockOffset(0);
    const [found, ...rest] = await log.conversationEvents(conversationId, meta);
    expect(rest).toEqual([]);
    expect(found).toMatchObject({ position: at });
    expect(found && isVoid(found)).toBe(true);
    expect(await log.append(message(conversationId, meta))).toEqual({ type: 'Stale' });
    await stored(log, message(conversationId, at));
  });
}

interface Fixture extends OpenedLog {
  readonly newConversationId: () => ConversationId;
  /** A conversation that was just created. All that these tests create are of one shard. */
  readonly created: () => Promise<{ readonly conversationId: ConversationId; readonly meta: Position }>;
  readonly message: (conversationId: ConversationId, decidedOn: Position) => NewEvent;
  readonly memberAdded: (conversationId: ConversationId, decidedOn: Position) => NewEvent;
  /** The events after one position up to another. */
  readonly read: (shard: Shard, after: Position, upTo: Position) => Promise<readonly StoredEvent[]>;
  /** The steps in which one conversation's events come. */
  readonly conversation: (
    conversationId: ConversationId,
    range: Pick<ConversationRange, 'after' | 'upTo'> & Partial<ConversationRange>,
  ) => Promise<readonly (readonly StoredEvent[])[]>;
  readonly take: (batches: AsyncIterable<readonly StoredEvent[]>) => Promise<readonly StoredEvent[]>;
}

function fixture(opened: OpenedLog): Fixture {
  const { log, world } = opened;
  const newEvent = (conversationId: ConversationId, decidedOn: Position, event: ChatEvent): NewEvent => ({
    conversationId,
    actorId: 'ann' as UserId,
    event,
    decidedOn,
    notAfterTs: world.now() + 30_000,
    idempotencyKey: world.uuid(),
    bodyHash: 'hash',
  });
  const memberAdded: Fixture['memberAdded'] = (conversationId, decidedOn) => {
    const userIds = [`u_${world.uuid()}` as UserId];
    return newEvent(conversationId, decidedOn, { type: 'conversation.members_added', userIds, role: 'member' });
  };
  const newConversationId = (): ConversationId => {
    const id = `g_${world.uuid()}` as ConversationId;
    return shardOf(id, log.shards) === 0 ? id : newConversationId();
  };
  return {
    ...opened,
    newConversationId,
    memberAdded,
    message: (conversationId, decidedOn) => {
      const clientMsgId = world.uuid() as ClientMessageId;
      return newEvent(conversationId, decidedOn, {
        type: 'message.sent',
        clientMsgId,
        body: 'héllo',
        bodyType: 'text',
      });
    },
    created: async () => {
      const conversationId = newConversationId();
      const { position: meta } = await stored(log, memberAdded(conversationId, NO_POSITION));
      return { conversationId, meta };
    },
    read: (shard, after, upTo) => readUpTo(log, { shard, after, upTo }),
    conversation: (conversationId, range) => {
      const { signal } = new AbortController();
      return Array.fromAsync(log.conversation(conversationId, { signal, ...range }));
    },
    take: (batches) => Array.fromAsync(batches).then((all) => all.flat()),
  };
}

async function stored(log: EventLog, event: NewEvent): Promise<Appended> {
  const answer = await log.append(event);
  expect(answer).toMatchObject({ type: 'Appended' });
  return answer as Appended;
}

async function readUpTo(
  log: EventLog,
  { shard, after, upTo }: { readonly shard: Shard; readonly after: Position; readonly upTo: Position },
): Promise<readonly StoredEvent[]> {
  const ended = new AbortController();
  const seen: StoredEvent[] = [];
  for await (const batch of log.read(shard, after, { reader: 'contract', signal: ended.signal })) {
    seen.push(...batch);
    if ((seen.at(-1)?.position ?? after) >= upTo) ended.abort();
  }
  return seen;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

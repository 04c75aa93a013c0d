// For tests: a log on a real server, events to put into it, and what an independent reader finds there.
import {
  NO_POSITION,
  shardOf,
  type Appended,
  type ClientMessageId,
  type ConversationId,
  type EventLog,
  type NewEvent,
  type Position,
  type Shard,
  type StoredEvent,
  type UserId,
} from '@parley/domain';
import { connectNats, NatsEventLog, createDeployment, type Connection } from './index.ts';
import type { Upcasters } from './event-types.ts';
import type { LogObserver } from './observer.ts';
import { testWorld, type TestWorld } from './test-servers.ts';

export interface TestLog extends AsyncDisposable {
  readonly log: NatsEventLog;
  readonly connection: Connection;
  readonly world: TestWorld;
  /** How often each thing was observed: codes of failed attempts, `readBack`, `readerRestarted` … */
  count(what: number | string): number;
}

export interface TestLogOptions {
  readonly servers: string | string[];
  readonly shards?: number;
  readonly replicas?: 1 | 3;
  readonly upcasters?: Upcasters;
  readonly observer?: LogObserver;
}

export async function openTestLog({
  servers,
  shards = 2,
  replicas = 1,
  upcasters,
  observer: more,
}: TestLogOptions): Promise<TestLog> {
  await using opening = new AsyncDisposableStack();
  const connection = opening.use(await connectNats({ servers, name: 'test' }));
  const world = testWorld();
  await createDeployment({ connection, world, shards, replicas });
  const counts = new Map<number | string, number>();
  const observe = (what: number | string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const observer = {
    attemptFailed: observe,
    readBack: () => observe('readBack'),
    readerRestarted: () => observe('readerRestarted'),
    ...more,
  };
  const log = opening.use(new NatsEventLog({ connection, world, shards, observer, ...(upcasters && { upcasters }) }));
  const open = opening.move();
  return {
    log,
    connection,
    world,
    count: (what) => counts.get(what) ?? 0,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export interface Room {
  readonly conversationId: ConversationId;
  readonly meta: Position;
  readonly shard: Shard;
}

export async function createRoom(
  { log, world }: Pick<TestLog, 'log' | 'world'>,
  id: string = world.uuid(),
): Promise<Room> {
  const conversationId = `g_${id}` as ConversationId;
  const room = { conversationId, meta: NO_POSITION, shard: shardOf(conversationId, log.shards) };
  const { position: meta } = await stored(log, memberLeaves(world, room));
  return { ...room, meta };
}

/** Some `.meta` event; what it says does not matter to the log. */
export const memberLeaves = (world: TestWorld, room: Room): NewEvent => ({
  ...messageIn(world, room),
  event: { type: 'conversation.member_left', userId: 'zoe' as UserId },
});

export function messageIn(world: TestWorld, { conversationId, meta: decidedOn }: Room): NewEvent {
  const clientMsgId = world.uuid() as ClientMessageId;
  return {
    conversationId,
    actorId: 'ann' as UserId,
    event: { type: 'message.sent', clientMsgId, body: 'hello', bodyType: 'text' },
    decidedOn,
    notAfterTs: world.now() + 30_000,
    idempotencyKey: world.uuid(),
    bodyHash: 'hash',
  };
}

export async function stored(log: EventLog, event: NewEvent): Promise<Appended> {
  const answer = await log.append(event);
  if (answer.type !== 'Appended') throw new Error(`not appended: ${JSON.stringify(answer)}`);
  return answer;
}

/** Everything a reader sees until that is enough. */
async function readUntil(
  log: EventLog,
  shard: Shard,
  isEnough: (seen: readonly StoredEvent[]) => boolean,
): Promise<readonly StoredEvent[]> {
  const ended = new AbortController();
  const seen: StoredEvent[] = [];
  for await (const batch of log.read(shard, NO_POSITION, { reader: 'test', signal: ended.signal })) {
    seen.push(...batch);
    if (isEnough(seen)) ended.abort();
  }
  return seen;
}

/** Everything in the shard now. */
export async function readAll(log: EventLog, shard: Shard): Promise<readonly StoredEvent[]> {
  const head = await log.head(shard);
  return readUntil(log, shard, (seen) => (seen.at(-1)?.position ?? NO_POSITION) >= head);
}

// Systems for somebody who looks in with the `nats` CLI: alice and bob have talked on shard 15, and what is needed besides. What the
// CLI has to know is in the environment.
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  directConversationId,
  NO_POSITION,
  shardOf,
  type ChatEvent,
  type ClientMessageId,
  type ConversationId,
  type Position,
  type Shard,
  type UserId,
} from '@parley/domain';
import { connectNats, createDeployment, NatsEventLog } from '@parley/infra/nats';
import { createWorld, digest } from '@parley/infra/runtime';
import { credentialsOf, startTestCluster } from '@parley/infra/testing';
import { StandaloneProcess } from './standalone-process.ts';

export interface LookedInto extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
}

const [alice, bob] = ['alice', 'bob'] as UserId[] as [UserId, UserId];

/** As `npm start` runs it; carol goes on talking in a group of hers. */
export async function openStandalone(): Promise<LookedInto> {
  await using opening = new AsyncDisposableStack();
  const standalone = opening.use(await StandaloneProcess.start());
  const say = await conversationOf(standalone, 'alice', { type: 'direct', members: ['bob'] });
  for (const text of ['lunch?', 'yes']) await say(text);
  const goOn = await conversationOf(standalone, 'carol', { type: 'group', name: 'Carol', members: ['dave'] });
  const stopped = new AbortController();
  const talking = (async () => {
    for (; !stopped.signal.aborted; await pause(200)) await goOn('and another thing');
  })();
  opening.defer(async () => {
    stopped.abort();
    await talking;
  });
  const open = opening.move();
  return { environment: { NATS_URL: standalone.natsUrl }, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Opens a conversation; gives how its creator says something there. */
async function conversationOf(
  standalone: StandaloneProcess,
  userId: string,
  conversation: object,
): Promise<(body: string) => Promise<void>> {
  const token = await standalone.token(userId);
  const opened = { token, body: conversation };
  const { conversation_id: id } = await standalone.call<{ conversation_id: string }>(
    'POST',
    '/v1/conversations',
    opened,
  );
  return async (text) => {
    const body = { client_msg_id: crypto.randomUUID(), body: text };
    await standalone.call('POST', `/v1/conversations/${id}/messages`, { token, body });
  };
}

const shards = 16;
const world = createWorld();

/** Three servers with the users of a fleet, two readers of shard 15, and a hole in shard 3. */
export async function openCluster(): Promise<LookedInto> {
  await using opening = new AsyncDisposableStack();
  const { urls: servers } = opening.use(await startTestCluster({ users: { shards } }));
  const connection = opening.use(await connectNats({ servers, name: 'looked-into', ...credentialsOf('operator') }));
  await createDeployment({ connection, world, shards, replicas: 3 });
  const log = opening.use(new NatsEventLog({ connection, world, shards }));

  await append(log, directConversationId(alice, bob, digest));
  await append(log, conversationOn(3 as Shard));
  const manager = await jetstreamManager(connection.nc);
  await manager.streams.deleteMessage('CHAT_3', 2);

  const stopped = new AbortController();
  const reading = ['delivery', 'projector-g1'].map((reader) => read(log, reader, stopped.signal));
  opening.defer(async () => {
    stopped.abort();
    await Promise.all(reading);
  });
  const open = opening.move();
  return {
    environment: {
      NATS_URL: servers.join(','),
      NATS_USER: 'operator',
      NATS_PASSWORD: credentialsOf('operator').credentials.password,
      NATS_SYSTEM_PASSWORD: 'the-system-password',
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function append(log: NatsEventLog, conversationId: ConversationId): Promise<void> {
  const said = (body: string): ChatEvent => {
    return { type: 'message.sent', clientMsgId: world.uuid() as ClientMessageId, body, bodyType: 'text' };
  };
  const settings = { history: 'shared' } as const;
  const created: ChatEvent = { type: 'conversation.created', kind: 'direct', memberIds: [alice, bob], settings };
  let decidedOn: Position = NO_POSITION;
  for (const event of [created, said('lunch?'), said('yes')]) {
    const notAfterTs = world.now() + 30_000;
    const envelope = { conversationId, actorId: alice, notAfterTs, idempotencyKey: world.uuid(), bodyHash: '' };
    const answer = await log.append({ ...envelope, event, decidedOn });
    if (answer.type !== 'Appended') throw new Error(`not appended: ${answer.type}`);
    if (event === created) decidedOn = answer.position;
  }
}

function conversationOn(shard: Shard): ConversationId {
  for (let number = 1; ; number++) {
    const id = `g_${number}` as ConversationId;
    if (shardOf(id, shards) === shard) return id;
  }
}

async function read(log: NatsEventLog, reader: string, signal: AbortSignal): Promise<void> {
  for await (const _ of log.read(15 as Shard, NO_POSITION, { reader, signal }));
}

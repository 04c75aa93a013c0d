// A writer of its own build: appends one message to a conversation, as a gateway would, and tells its position.
import process from 'node:process';
import { NO_POSITION, type ClientMessageId, type ConversationId, type UserId } from '@parley/domain';
import { connectNats, NatsEventLog, openDeployment } from '@parley/infra/nats';
import { createWorld } from '@parley/infra/runtime';

const [natsUrl = '', conversation = '', actor = '', body = ''] = process.argv.slice(2);
const world = createWorld();
await using connection = await connectNats({ servers: natsUrl, name: 'writer' });
const { shards } = await openDeployment({ connection, world, replicas: 1 });
await using log = new NatsEventLog({ connection, world, shards });
const conversationId = conversation as ConversationId;
const metas = await log.conversationEvents(conversationId, NO_POSITION);
const appended = await log.append({
  conversationId,
  actorId: actor as UserId,
  event: { type: 'message.sent', clientMsgId: world.uuid() as ClientMessageId, body, bodyType: 'text' },
  decidedOn: metas.at(-1)?.position ?? NO_POSITION,
  notAfterTs: world.now() + 30_000,
  idempotencyKey: world.uuid(),
  bodyHash: 'of no interest',
});
process.stdout.write(`${JSON.stringify(appended)}\n`);

import { encode } from '@msgpack/msgpack';
import { position, type DeliveryBatch, type GatewayListener, type Shard, type UserId } from '@parley/domain';
import { describeGatewayBus } from '@parley/domain/contracts';
import { expect, test } from 'vitest';
import { connectNats, natsGatewayBus } from './index.ts';
import { gatewaySubject } from './subjects.ts';
import { startTestServer } from './test-servers.ts';

describeGatewayBus('core NATS', async () => {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await startTestServer());
  const sender = opening.use(await connectNats({ servers: server.url, name: 'delivery' }));
  const receiver = opening.use(await connectNats({ servers: server.url, name: 'gateway' }));
  const opened = opening.move();
  return {
    sender: natsGatewayBus(sender),
    receiver: natsGatewayBus(receiver),
    settled: async () => {
      await receiver.nc.flush(); // its subscriptions are known
      await sender.nc.flush();
      await receiver.nc.flush(); // what was published before is here
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
});

test('tells a gateway that batches may have been lost while it was not connected', async () => {
  await using server = await startTestServer();
  await using connection = await connectNats({ servers: server.url, name: 'gateway' });
  let interruptions = 0;
  await using _subscription = natsGatewayBus(connection).subscribe('one', {
    ...deaf,
    interrupted: () => interruptions++,
  });
  await server.kill();
  await server.start();
  await expect.poll(() => interruptions, { timeout: 10_000 }).toBe(1);
});

test('carries the word of one gateway to another, and passes over what a later release says', async () => {
  await using server = await startTestServer();
  await using connection = await connectNats({ servers: server.url, name: 'gateway' });
  const bus = natsGatewayBus(connection);
  const heard: unknown[] = [];
  await using _subscription = bus.subscribe('one', {
    batch: (batch) => heard.push(batch),
    endSession: ({ userId, sessionId, reason }) => heard.push({ userId, sessionId, reason }),
    interrupted: () => heard.push('interrupted'),
  });
  const end = { userId: 'ann' as UserId, sessionId: 's1', reason: 'superseded' } as const;
  connection.nc.publish(gatewaySubject('one'), encode({ kind: 'end-session.v2', ...end }));
  connection.nc.publish(gatewaySubject('one'), encode({ ...batchAfter(0), kind: 'batch.v2' }));
  bus.endSession('other', end);
  bus.endSession('one', end);
  bus.publish('one', batchAfter(1));
  await bus.flush();
  await expect.poll(() => heard).toEqual([end, batchAfter(1)]);
});

const deaf: GatewayListener = { batch() {}, endSession() {}, interrupted() {} };

const batchAfter = (after: number): DeliveryBatch => ({
  shard: 3 as Shard,
  epoch: 1,
  after: position(after),
  last: position(after + 1),
  deliveries: [{ position: position(after + 1), userIds: ['ann' as UserId], frame: { type: 'message', body: 'hi' } }],
});

import { position, type DeliveryBatch, type Shard, type UserId } from '@parley/domain';
import { expect, test } from 'vitest';
import { connectNats, natsGatewayBus } from './index.ts';
import { startTestServer } from './test-servers.ts';

test('carries batches to the gateway they are for, in order, until it unsubscribes', async () => {
  await using server = await startTestServer();
  await using sender = await connectNats({ servers: server.url, name: 'delivery' });
  await using receiver = await connectNats({ servers: server.url, name: 'gateway' });
  const received: DeliveryBatch[] = [];
  const subscription = natsGatewayBus(receiver).subscribe('one', {
    batch: (batch) => received.push(batch),
    interrupted: () => undefined,
  });
  await receiver.nc.flush();
  const bus = natsGatewayBus(sender);
  const batches = Array.from({ length: 100 }, (_, index) => batchAfter(index));
  bus.publish('other', batchAfter(7));
  for (const batch of batches) bus.publish('one', batch);
  await bus.flush();
  await expect.poll(() => received.length).toBe(100);
  expect(received).toEqual(batches);
  await subscription[Symbol.asyncDispose]();
  bus.publish('one', batchAfter(100));
  await bus.flush();
  await receiver.nc.flush();
  expect(received).toHaveLength(100);
});

test('tells a gateway that batches may have been lost while it was not connected', async () => {
  await using server = await startTestServer();
  await using connection = await connectNats({ servers: server.url, name: 'gateway' });
  let interruptions = 0;
  await using _subscription = natsGatewayBus(connection).subscribe('one', {
    batch: () => undefined,
    interrupted: () => interruptions++,
  });
  await server.kill();
  await server.start();
  await expect.poll(() => interruptions, { timeout: 10_000 }).toBe(1);
});

const batchAfter = (after: number): DeliveryBatch => ({
  shard: 3 as Shard,
  epoch: 1,
  after: position(after),
  last: position(after + 1),
  deliveries: [{ position: position(after + 1), userIds: ['ann' as UserId], frame: { type: 'message', body: 'hi' } }],
});

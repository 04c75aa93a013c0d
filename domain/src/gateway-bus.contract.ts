// What every bus to the gateways does (`routing.ts`), as tests: run by the one over core NATS and by the one in memory.
import { describe, expect, test } from 'vitest';
import { position, type Shard, type UserId } from './ids.ts';
import type { DeliveryBatch, EndSession, GatewayBus, GatewayListener } from './routing.ts';

export interface OpenedBus extends AsyncDisposable {
  readonly sender: GatewayBus;
  readonly receiver: GatewayBus;
  /** What was subscribed is known, and what was published has arrived. */
  settled(): Promise<void>;
}

export function describeGatewayBus(name: string, open: () => Promise<OpenedBus>): void {
  describe(`${name}, as a bus to the gateways`, () => {
    test('carries batches to the gateway they are for, in order, until it unsubscribes', async () => {
      await using opened = await open();
      const { sender, receiver } = opened;
      const received: DeliveryBatch[] = [];
      const subscription = receiver.subscribe('one', { ...deaf, batch: (batch) => received.push(batch) });
      await opened.settled();
      const batches = Array.from({ length: 100 }, (_, index) => batchAfter(index));
      sender.publish('other', batchAfter(7));
      for (const batch of batches) sender.publish('one', batch);
      await sender.flush();
      await opened.settled();
      expect(received).toEqual(batches);
      await subscription[Symbol.asyncDispose]();
      sender.publish('one', batchAfter(100));
      await sender.flush();
      await opened.settled();
      expect(received).toHaveLength(100);
    });

    test('carries the word of one gateway to another', async () => {
      await using opened = await open();
      const { sender, receiver } = opened;
      const heard: EndSession[] = [];
      await using _subscription = receiver.subscribe('one', { ...deaf, endSession: (end) => heard.push(end) });
      await opened.settled();
      const end = { userId: 'ann' as UserId, sessionId: 's1', reason: 'superseded' } as const;
      sender.endSession('other', end);
      sender.endSession('one', end);
      await sender.flush();
      await opened.settled();
      expect(heard).toMatchObject([end]);
    });
  });
}

const deaf: GatewayListener = { batch() {}, endSession() {}, interrupted() {} };

const batchAfter = (after: number): DeliveryBatch => ({
  shard: 3 as Shard,
  epoch: 1,
  after: position(after),
  last: position(after + 1),
  deliveries: [{ position: position(after + 1), userIds: ['ann' as UserId], frame: { type: 'message', body: 'hi' } }],
});

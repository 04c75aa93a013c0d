// The bus to one gateway, in the test's hand.
import { NO_POSITION, type DeliveryBatch, type GatewayBus, type Position, type Shard } from '@parley/domain';

type Listener = Parameters<GatewayBus['subscribe']>[1];

export class TestBus implements GatewayBus {
  readonly #listeners = new Map<string, Listener>();

  publish(gatewayId: string, batch: DeliveryBatch): void {
    this.#listeners.get(gatewayId)?.batch(batch);
  }

  async flush(): Promise<void> {}

  subscribe(gatewayId: string, on: Listener): AsyncDisposable {
    this.#listeners.set(gatewayId, on);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(gatewayId);
      },
    };
  }

  interrupt(): void {
    for (const { interrupted } of this.#listeners.values()) interrupted();
  }

  /** To every gateway. */
  send(batch: Partial<DeliveryBatch>): void {
    const whole = { shard: 0 as Shard, epoch: 1, after: NO_POSITION, last: NO_POSITION, deliveries: [], ...batch };
    for (const { batch: deliver } of this.#listeners.values()) deliver(whole);
  }

  /** One frame, alone in its batch. */
  deliver(position: number, userIds: readonly string[], frame: object): void {
    const at = position as Position;
    const delivery = { position: at, userIds, frame } as DeliveryBatch['deliveries'][number];
    this.send({ after: (position - 1) as Position, last: at, deliveries: [delivery] });
  }
}

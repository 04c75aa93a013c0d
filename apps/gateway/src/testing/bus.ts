// The bus to a gateway, or to some, in the test's hand.
import {
  NO_POSITION,
  type DeliveryBatch,
  type EndSession,
  type GatewayBus,
  type GatewayListener,
  type Position,
  type Shard,
} from '@parley/domain';

export class TestBus implements GatewayBus {
  readonly #listeners = new Map<string, GatewayListener>();

  publish(gatewayId: string, batch: DeliveryBatch): void {
    this.#listeners.get(gatewayId)?.batch(batch);
  }

  /** What one gateway says to another is lost. */
  losesEnds = false;

  endSession(gatewayId: string, end: EndSession): void {
    if (!this.losesEnds) this.#listeners.get(gatewayId)?.endSession(end);
  }

  async flush(): Promise<void> {}

  subscribe(gatewayId: string, on: GatewayListener): AsyncDisposable {
    this.#listeners.set(gatewayId, on);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(gatewayId);
      },
    };
  }

  interrupt(): void {
    for (const listener of this.#listeners.values()) listener.interrupted();
  }

  /** To every gateway. */
  send(batch: Partial<DeliveryBatch>): void {
    const whole = { shard: 0 as Shard, epoch: 1, after: NO_POSITION, last: NO_POSITION, deliveries: [], ...batch };
    for (const listener of this.#listeners.values()) listener.batch(whole);
  }

  /** One frame, alone in its batch. */
  deliver(position: number, userIds: readonly string[], frame: object): void {
    const at = position as Position;
    const delivery = { position: at, userIds, frame } as DeliveryBatch['deliveries'][number];
    this.send({ after: (position - 1) as Position, last: at, deliveries: [delivery] });
  }
}

// Frames from delivery to gateways of the same process: nothing is encoded, and nothing can be lost on the way.
import type { GatewayBus, GatewayId, GatewayListener } from '@parley/domain';

export function createGatewayBus(): GatewayBus {
  const listeners = new Map<GatewayId, GatewayListener>();

  /** Not within the sender's turn: what a gateway throws is no business of delivery's. */
  const tell = (gatewayId: GatewayId, say: (on: GatewayListener) => void): void =>
    queueMicrotask(() => {
      const listener = listeners.get(gatewayId);
      if (listener) say(listener);
    });

  return {
    publish: (gatewayId, batch) => tell(gatewayId, (on) => on.batch(batch)),
    endSession: (gatewayId, end) => tell(gatewayId, (on) => on.endSession(end)),
    flush: async () => undefined,
    subscribe(gatewayId, on) {
      listeners.set(gatewayId, on);
      return {
        async [Symbol.asyncDispose]() {
          if (listeners.get(gatewayId) === on) listeners.delete(gatewayId);
        },
      };
    },
  };
}

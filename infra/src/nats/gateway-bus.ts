// Frames from delivery to gateways over core NATS (`domain/routing.ts`): at most once, in order, nothing kept. What is lost
// shows as a hole between batches, or as an interruption here.
import { decode, encode } from '@msgpack/msgpack';
import type { DeliveryBatch, GatewayBus, GatewayId } from '@parley/domain';
import type { Connection } from './connection.ts';
import { gatewaySubject } from './subjects.ts';

type Listener = Parameters<GatewayBus['subscribe']>[1];

export function natsGatewayBus(connection: Connection): GatewayBus {
  const { nc } = connection;
  return {
    publish: (gatewayId, batch) => nc.publish(gatewaySubject(gatewayId), encode(batch, { ignoreUndefined: true })),
    flush: () => nc.flush(),
    subscribe: (gatewayId, on) => subscribe(connection, gatewayId, on),
  };
}

function subscribe(connection: Connection, gatewayId: GatewayId, on: Listener): AsyncDisposable {
  const subscription = connection.nc.subscribe(gatewaySubject(gatewayId), {
    // Only our own delivery publishes here, in the same release: its batches are not checked field by field.
    callback: (error, message) => (error === null ? on.batch(decode(message.data) as DeliveryBatch) : on.interrupted()),
  });
  const listening = connection.listen({ restored: on.interrupted });
  return {
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      subscription.unsubscribe();
    },
  };
}

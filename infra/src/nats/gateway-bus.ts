// Frames from delivery to gateways, and gateways' word to each other, over core NATS (`domain/routing.ts`): at most once, in
// order, nothing kept. What is lost shows as a hole between batches, as an interruption here, or by asking the registry again.
import { encode } from '@msgpack/msgpack';
import type { DeliveryBatch, EndSession, GatewayBus, GatewayId, GatewayListener } from '@parley/domain';
import { exactDecoder } from '../message-pack/index.ts';
import type { Connection } from './connection.ts';
import { gatewaySubject } from './subjects.ts';

/** What has no kind is a batch. A kind a gateway does not know is of a later release, and ignored. */
type Message =
  | (DeliveryBatch & { readonly kind?: never })
  | (EndSession & { readonly kind: typeof endSessionKind })
  | { readonly kind: 'unknown' };

const endSessionKind = 'end-session.v1';

const decode = exactDecoder();

export function natsGatewayBus(connection: Connection): GatewayBus {
  const { nc } = connection;
  const publish = (gatewayId: GatewayId, message: Message): void =>
    nc.publish(gatewaySubject(gatewayId), encode(message, { ignoreUndefined: true }));
  return {
    publish,
    endSession: (gatewayId, end) => publish(gatewayId, { kind: endSessionKind, ...end }),
    flush: () => nc.flush(),
    subscribe: (gatewayId, on) => subscribe(connection, gatewayId, on),
  };
}

function subscribe(connection: Connection, gatewayId: GatewayId, on: GatewayListener): AsyncDisposable {
  const subscription = connection.nc.subscribe(gatewaySubject(gatewayId), {
    callback: (error, message) => (error === null ? receive(message.data, on) : on.interrupted()),
  });
  const listening = connection.listen({ restored: () => on.interrupted() });
  return {
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      subscription.unsubscribe();
    },
  };
}

/** Only our own delivery and gateways publish here: what they say is not checked field by field. */
function receive(bytes: Uint8Array, on: GatewayListener): void {
  const message = decode(bytes) as Message;
  if (message.kind === undefined) on.batch(message);
  else if (message.kind === endSessionKind) on.endSession(message);
}

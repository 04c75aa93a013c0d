// From what is to be told to what is published: cut by gateway, then into batches that fit one message. Pure.
import { LIMITS, type Delivery as Told, type GatewayId, type Position, type UserId } from '@parley/domain';

/** Of one publish, as estimated; NATS refuses more than 1 MiB. */
export const batchBytesMax = 700 * 1024;

export interface BatchPart {
  readonly deliveries: readonly Told[];
  /** How far the gateway has come with it. */
  readonly last: Position;
}

/** Cut where a position ends, never within one: a gateway drops what is at or below its mark. */
export function* inBatches(deliveries: readonly Told[], last: Position): Generator<BatchPart> {
  let part: Told[] = [];
  let bytes = 0;
  for (const delivery of deliveries) {
    const added = estimatedBytes(delivery);
    if (bytes + added > batchBytesMax && part.at(-1)?.position !== delivery.position && part.length > 0) {
      yield { deliveries: part, last: part.at(-1)?.position ?? last };
      part = [];
      bytes = 0;
    }
    part.push(delivery);
    bytes += added;
  }
  yield { deliveries: part, last };
}

/** From above: ids have at most 64 characters, and a character of text at most 3 bytes for each UTF-16 unit. */
function estimatedBytes({ frame, userIds }: Told): number {
  const text = 'body' in frame && typeof frame.body === 'string' ? frame.body.length * 3 : 0;
  const others = 'event' in frame || 'mentions' in frame ? idsInFrameMax : 0;
  return 1_024 + text + (userIds.length + others) * idBytesMax;
}

/** A membership event names at most a group's members, a message mentions fewer. */
const idsInFrameMax = LIMITS.groupMembersMax;
const idBytesMax = 68;

/** Each delivery cut to the users of each gateway. */
export function byGateway(
  deliveries: readonly Told[],
  gatewaysOf: ReadonlyMap<UserId, readonly GatewayId[]>,
): ReadonlyMap<GatewayId, readonly Told[]> {
  const batches = new Map<GatewayId, Told[]>();
  for (const delivery of deliveries) {
    const usersByGateway = new Map<GatewayId, UserId[]>();
    for (const userId of delivery.userIds) {
      for (const gatewayId of gatewaysOf.get(userId) ?? []) append(usersByGateway, gatewayId, userId);
    }
    for (const [gatewayId, userIds] of usersByGateway) append(batches, gatewayId, { ...delivery, userIds });
  }
  return batches;
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

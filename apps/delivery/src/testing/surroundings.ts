// Delivery's surroundings for its tests: where everybody is, what came to each gateway, and in which order things were done.
import {
  NO_POSITION,
  type DeliveryBatch,
  type GatewayBus,
  type GatewayId,
  type Position,
  type Shard,
  type UserId,
} from '@parley/domain';
import { createConversationStates, type TimelineQueries } from '@parley/projections';
import { createTestWorld, type TestLog } from '@parley/domain/testing';
import { createDelivery } from '../delivery.ts';

export const shard = 0 as Shard;
export function createSurroundings(log: TestLog, where: Readonly<Record<string, readonly GatewayId[]>>) {
  const gateways = new Map<string, readonly GatewayId[]>(Object.entries(where));
  const alive = new Set(Object.values(where).flat());
  const batches = new Map<GatewayId, DeliveryBatch[]>();
  const done: string[] = [];
  const saved: { position: Position } = { position: NO_POSITION };
  const bus: Pick<GatewayBus, 'publish' | 'flush'> = {
    publish(gatewayId, batch) {
      done.push(`publish ${gatewayId}`);
      batches.set(gatewayId, [...(batches.get(gatewayId) ?? []), batch]);
    },
    flush: async () => void done.push('flush'),
  };
  const deps = {
    log,
    logEpoch: 7,
    states: createConversationStates(log),
    timeline: { previous: async () => undefined } as Pick<TimelineQueries, 'previous'>,
    sessions: {
      gateways: async () => [...alive],
      gatewaysOf: async (userIds: readonly UserId[]) =>
        new Map(userIds.map((id) => [id, (gateways.get(id) ?? []).filter((gatewayId) => alive.has(gatewayId))])),
    },
    bus,
    checkpoints: {
      load: async () => saved.position,
      save: async (_reader: string, _shard: Shard, position: Position) => {
        done.push(`save ${position}`);
        saved.position = position;
      },
    },
    world: createTestWorld(),
  };
  const take = (gatewayId: GatewayId): readonly DeliveryBatch[] => {
    const taken = batches.get(gatewayId) ?? [];
    batches.delete(gatewayId);
    return taken;
  };
  return { deps, alive, gateways, done, saved, take };
}

/** Delivery that begins here, and applies what is in the log up to a position. */
export async function begun(deps: Parameters<typeof createDelivery>[0], log: Pick<TestLog, 'events'>) {
  const delivery = createDelivery(deps);
  await delivery.reader.checkpoint(shard);
  const applyTo = async (upTo: number): Promise<void> => {
    const from = await delivery.reader.checkpoint(shard);
    await delivery.reader.apply(shard, log.events().slice(from, upTo));
  };
  return { reader: delivery.reader, beat: () => delivery.beat(), leave: () => delivery.leave(shard), applyTo };
}

export const marks = (batches: readonly DeliveryBatch[]) => batches.map(({ after, last }) => [after, last]);
export const told = (batches: readonly DeliveryBatch[]) =>
  batches.flatMap(({ deliveries }) => deliveries.map(({ position, userIds }) => `${position} ${userIds.join()}`));
export const prevIds = (batches: readonly DeliveryBatch[]) =>
  batches.flatMap(({ deliveries }) => deliveries.map(({ frame }) => (frame as { prev_id: string }).prev_id));

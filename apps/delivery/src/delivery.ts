// From the log to the gateways: who was a member at that position, where are their sessions, one publish per gateway and
// batch. It follows the log by the one runner, like every read model; what it writes are frames.
import {
  isVoid,
  NO_POSITION,
  requiredMeta,
  type Delivery as Told,
  type EventLog,
  type GatewayBus,
  type GatewayId,
  type Position,
  type SessionRegistry,
  type Shard,
  type StoredEvent,
  type World,
} from '@parley/domain';
import type { Checkpoints, ConversationStates, LogReader, TimelineQueries } from '@parley/projections';
import { audience } from './audience.ts';
import { byGateway, inBatches, type BatchPart } from './batches.ts';
import { createPreviousPositions } from './previous-positions.ts';

export const DELIVERY = {
  /** An empty batch this often tells every gateway how far it should have come: a hole shows within it. */
  heartbeatMs: 1_000,
  /** Until every shard has begun: gateways wait for the first word of each. */
  firstBeatsMs: 20,
} as const;

export interface DeliveryDependencies {
  readonly log: Pick<EventLog, 'head' | 'shards'>;
  readonly logEpoch: number;
  readonly states: Pick<ConversationStates, 'atLeast'>;
  readonly timeline: Pick<TimelineQueries, 'previous'>;
  readonly sessions: Pick<SessionRegistry, 'gatewaysOf' | 'gateways'>;
  readonly bus: Pick<GatewayBus, 'publish' | 'flush'>;
  readonly checkpoints: Checkpoints;
  readonly world: World;
}

export interface Delivery {
  /** For the runner. */
  readonly reader: LogReader;
  /** Every shard has begun: a beat now reaches gateways for all of them. */
  readonly isUnderWay: boolean;
  /** One heartbeat: tells every gateway how far it should have come, and stores the checkpoints. */
  beat(): Promise<void>;
}

/** What this worker knows of one shard; changes as it goes. */
interface ShardProgress {
  readonly startedAt: Position;
  /** Everything up to here is published. */
  last: Position;
  saved: Position;
  readonly lastByGateway: Map<GatewayId, Position>;
}

const readerName = 'delivery';

export function createDelivery(deps: DeliveryDependencies): Delivery {
  const progressByShard = new Map<Shard, ShardProgress>();
  const previous = createPreviousPositions(deps.timeline);

  async function begin(shard: Shard): Promise<ShardProgress> {
    // Without a checkpoint nobody waits for what was before: gateways take sockets only once they heard from delivery.
    const saved = await deps.checkpoints.load(readerName, shard);
    const startedAt = saved === NO_POSITION ? await deps.log.head(shard) : saved;
    const progress = { startedAt, last: startedAt, saved, lastByGateway: new Map<GatewayId, Position>() };
    progressByShard.set(shard, progress);
    return progress;
  }

  async function told(shard: Shard, stored: StoredEvent): Promise<readonly Told[]> {
    const [{ state }, prev] = await Promise.all([
      deps.states.atLeast(stored.conversationId, requiredMeta(stored)),
      previous.before(stored, progressByShard.get(shard)?.last ?? NO_POSITION),
    ]);
    return audience({ stored, prev, state }).map((each) => ({ position: stored.position, ...each }));
  }

  /** The last batch of a step says how far the step went; one before it, how far itself. */
  function publish(shard: Shard, gatewayId: GatewayId, { deliveries, last }: BatchPart): void {
    const progress = progressByShard.get(shard);
    if (!progress) return;
    const after = progress.lastByGateway.get(gatewayId) ?? progress.startedAt;
    deps.bus.publish(gatewayId, { shard, epoch: deps.logEpoch, after, last, deliveries });
    progress.lastByGateway.set(gatewayId, last);
  }

  const reader: LogReader = {
    name: readerName,
    checkpoint: async (shard) => (progressByShard.get(shard) ?? (await begin(shard))).last,
    async apply(shard, events) {
      const deliveries: Told[] = [];
      for (const stored of events) if (!isVoid(stored)) deliveries.push(...(await told(shard, stored)));
      const gateways = await deps.sessions.gatewaysOf([...new Set(deliveries.flatMap(({ userIds }) => userIds))]);
      const progress = progressByShard.get(shard);
      const last = events.at(-1)?.position ?? progress?.last ?? NO_POSITION;
      for (const [gatewayId, theirs] of byGateway(deliveries, gateways)) {
        for (const batch of inBatches(theirs, last)) publish(shard, gatewayId, batch);
      }
      if (progress) progress.last = last; // not before: a step that could not be published is applied again
    },
  };

  async function saveCheckpoints(): Promise<void> {
    const moved = [...progressByShard].filter(([, { last, saved }]) => last > saved);
    if (moved.length === 0) return;
    const upTo = moved.map(([shard, progress]) => ({ shard, progress, last: progress.last }));
    await deps.bus.flush(); // a checkpoint never passes what is still in this process
    for (const { shard, progress, last } of upTo) {
      await deps.checkpoints.save(readerName, shard, last);
      progress.saved = last;
    }
  }

  return {
    reader,
    get isUnderWay() {
      return progressByShard.size === deps.log.shards;
    },
    async beat() {
      const alive = await deps.sessions.gateways();
      for (const [shard, { last, lastByGateway }] of progressByShard) {
        for (const gatewayId of alive) publish(shard, gatewayId, { deliveries: [], last });
        // A gateway whose lease lapsed registers again and makes its clients resume: its mark here means nothing any more.
        for (const known of lastByGateway.keys()) if (!alive.includes(known)) lastByGateway.delete(known);
      }
      await saveCheckpoints();
    },
  };
}

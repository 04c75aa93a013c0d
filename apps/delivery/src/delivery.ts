// From the log to the gateways: who was a member at that position, where are their sessions, one publish per gateway and
// batch. It follows the log by the one runner, like every read model; what it writes are frames.
import {
  isVoid,
  NO_POSITION,
  readBatchMax,
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
import { createPreviousPositions, type PreviousPositions } from './previous-positions.ts';

export const DELIVERY = {
  /** An empty batch this often tells every gateway how far it should have come: a hole shows within it. */
  heartbeatMs: 1_000,
  /** After a shard began: gateways wait for the first word of each. Others that begin meanwhile are told of with it. */
  firstBeatMs: 20,
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
  /** Conversations whose last position is remembered, in all shards; of others the timeline is asked. Never fewer than in one step. */
  readonly rememberedMax?: number;
  /** A shard began: gateways have heard nothing of it from this worker. */
  readonly onBegun?: () => void;
}

export interface Delivery {
  /** For the runner. */
  readonly reader: LogReader;
  /** One heartbeat: tells every gateway how far it should have come in the shards that began here, and stores the checkpoints. */
  beat(): Promise<void>;
  /** The last beat of one shard; then it is forgotten, also when that fails: the next worker goes on at the stored checkpoint. */
  leave(shard: Shard): Promise<void>;
}

/** What this worker knows of one shard; changes as it goes. */
interface ShardProgress {
  readonly shard: Shard;
  readonly startedAt: Position;
  /** Everything up to here is published. */
  last: Position;
  saved: Position;
  readonly lastByGateway: Map<GatewayId, Position>;
  /** Goes with the shard: what another worker told of meanwhile is not in it. */
  readonly previous: PreviousPositions;
}

const readerName = 'delivery';
const rememberedMaxDefault = 100_000;

export function createDelivery(deps: DeliveryDependencies): Delivery {
  const { rememberedMax = rememberedMaxDefault } = deps;
  const progressByShard = new Map<Shard, ShardProgress>();

  async function begin(shard: Shard): Promise<ShardProgress> {
    // Without a checkpoint nobody waits for what was before: gateways take sockets only once they heard from delivery.
    const saved = await deps.checkpoints.load(readerName, shard);
    const startedAt = saved === NO_POSITION ? await deps.log.head(shard) : saved;
    const remembered = Math.max(readBatchMax, rememberedMax / deps.log.shards);
    const previous = createPreviousPositions(deps.timeline, remembered);
    const progress = { shard, startedAt, last: startedAt, saved, lastByGateway: new Map(), previous };
    progressByShard.set(shard, progress);
    deps.onBegun?.();
    return progress;
  }

  const reader: LogReader = {
    name: readerName,
    checkpoint: async (shard) => (progressByShard.get(shard) ?? (await begin(shard))).last,
    async apply(shard, events) {
      const progress = progressByShard.get(shard);
      if (!progress) throw new Error(`shard ${shard} has not begun`);
      const deliveries: Told[] = [];
      for (const stored of events) if (!isVoid(stored)) deliveries.push(...(await told(deps, progress, stored)));
      const gateways = await deps.sessions.gatewaysOf([...new Set(deliveries.flatMap(({ userIds }) => userIds))]);
      const last = events.at(-1)?.position ?? progress.last;
      const publish = publisher(deps, progress);
      for (const [gatewayId, theirs] of byGateway(deliveries, gateways)) {
        for (const batch of inBatches(theirs, last)) publish(gatewayId, batch);
      }
      progress.last = last; // not before: a step that could not be published is applied again
    },
  };

  /** Every gateway hears how far it should have come before a checkpoint says so: a next worker begins there without a hole. */
  async function beat(shards: readonly Shard[]): Promise<void> {
    const alive = await deps.sessions.gateways();
    const begun = [...progressByShard.values()].filter(({ shard }) => shards.includes(shard));
    for (const progress of begun) {
      const publish = publisher(deps, progress);
      for (const gatewayId of alive) publish(gatewayId, { deliveries: [], last: progress.last });
      forgetGateways(progress, alive);
    }
    await saveCheckpoints(deps, begun);
  }

  return {
    reader,
    beat: () => beat([...progressByShard.keys()]),
    async leave(shard) {
      try {
        await beat([shard]);
      } finally {
        progressByShard.delete(shard);
      }
    },
  };
}

async function told(
  deps: DeliveryDependencies,
  progress: ShardProgress,
  stored: StoredEvent,
): Promise<readonly Told[]> {
  const [{ state }, prev] = await Promise.all([
    deps.states.atLeast(stored.conversationId, requiredMeta(stored)),
    progress.previous.before(stored, progress.last),
  ]);
  return audience({ stored, prev, state }).map((each) => ({ position: stored.position, ...each }));
}

/** The last batch of a step says how far the step went; one before it, how far itself. */
function publisher({ bus, logEpoch }: DeliveryDependencies, { shard, startedAt, lastByGateway }: ShardProgress) {
  return (gatewayId: GatewayId, { deliveries, last }: BatchPart): void => {
    const after = lastByGateway.get(gatewayId) ?? startedAt;
    bus.publish(gatewayId, { shard, epoch: logEpoch, after, last, deliveries });
    lastByGateway.set(gatewayId, last);
  };
}

/** A gateway whose lease lapsed registers again and makes its clients resume: its mark here means nothing any more. */
function forgetGateways({ lastByGateway }: ShardProgress, alive: readonly GatewayId[]): void {
  for (const known of lastByGateway.keys()) if (!alive.includes(known)) lastByGateway.delete(known);
}

async function saveCheckpoints(deps: DeliveryDependencies, begun: readonly ShardProgress[]): Promise<void> {
  const moved = begun.filter(({ last, saved }) => last > saved);
  if (moved.length === 0) return;
  const upTo = moved.map((progress) => ({ progress, last: progress.last }));
  await deps.bus.flush(); // a checkpoint never passes what is still in this process
  for (const { progress, last } of upTo) {
    await deps.checkpoints.save(readerName, progress.shard, last);
    progress.saved = last;
  }
}

// What the processes share: the log, Redis, the stores, and how well each of them is.
import { ACCEPTANCE, RegistryUnavailable, type Position, type SessionRegistry, type Shard } from '@parley/domain';
import {
  createLeases,
  createMemoryConversations,
  createMemoryTimeline,
  createSessionRegistry,
} from '@parley/infra/memory';
import { chatStreamOf, SimulatedNats, VirtualTime, type Weather } from '@parley/infra/simulated-nats';
import { LeasesUnavailable, StoreUnavailable, type Checkpoints, type Leases } from '@parley/projections';
import { Chance } from './chance.ts';
import { Story } from './story.ts';

/** Something that is called over a network. */
export interface Service {
  /** Now, for this request or answer. */
  isAway(): boolean;
  readonly isInOrder: boolean;
  readonly timeoutMs: number;
  unavailable(): Error;
}

/** What faults change; probabilities are for each message. */
export interface Health {
  natsLoss: number;
  natsSlowMs: number;
  frameLoss: number;
  redisDown: boolean;
  redisLoss: number;
  storesDown: boolean;
  storesLoss: number;
  clientSlowMs: number;
}

export class Cluster {
  readonly seed: number;
  readonly time = new VirtualTime(startTs);
  readonly story = new Story(() => this.time.now() - startTs);
  readonly health: Health = {
    natsLoss: 0,
    natsSlowMs: 0,
    frameLoss: 0,
    redisDown: false,
    redisLoss: 0,
    storesDown: false,
    storesLoss: 0,
    clientSlowMs: 0,
  };
  readonly alarms: string[] = [];
  readonly shards: number;
  readonly replicas: 1 | 3;
  readonly nats: SimulatedNats;
  readonly timeline = createMemoryTimeline();
  readonly conversations = createMemoryConversations();
  readonly checkpoints = createCheckpoints();
  registry: SessionRegistry;
  leases: Leases;
  readonly #chance: Chance;

  constructor(seed: number) {
    this.seed = seed;
    this.#chance = new Chance(seed, 'cluster');
    this.shards = this.#chance.whole(1, 2);
    this.replicas = this.#chance.happens(0.5) ? 3 : 1;
    const { time } = this;
    this.nats = new SimulatedNats({
      replicas: this.replicas,
      dedupWindowMs: ACCEPTANCE.dedupWindowMs,
      world: {
        now: () => Math.round(time.now()),
        schedule: (delayMs, task) => time.schedule(delayMs, task),
        random: () => this.#chance.number(),
      },
      weather: this.#weather(),
      streams: Array.from({ length: this.shards }, (_, shard) => `CHAT_${shard}`),
      streamOf: chatStreamOf,
    });
    this.registry = createSessionRegistry(time);
    this.leases = createLeases(time);
  }

  get streams(): readonly string[] {
    return Array.from({ length: this.shards }, (_, shard) => `CHAT_${shard}`);
  }

  /** Something happened that no fault may bring about. */
  alarm(who: string, what: string): void {
    this.alarms.push(`${who}: ${what}`);
    this.story.tell(who, `ALARM ${what}`);
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => void this.time.schedule(durationMs, resolve));
  }

  /** Work nobody waits for. */
  background(who: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.alarm(who, String(error)));
  }

  /** Everything that was in Redis is gone. */
  wipeRedis(): void {
    this.registry = createSessionRegistry(this.time);
    this.leases = createLeases(this.time);
  }

  readonly redis: Service = {
    isAway: () => this.health.redisDown || this.#happens(this.health.redisLoss),
    isInOrder: true,
    timeoutMs: 300,
    unavailable: () => new RegistryUnavailable('Redis is away'),
  };

  readonly leasing: Service = { ...this.redis, unavailable: () => new LeasesUnavailable('Redis is away') };

  readonly stores: Service = {
    isAway: () => this.health.storesDown || this.#happens(this.health.storesLoss),
    isInOrder: false,
    timeoutMs: 500,
    unavailable: () => new StoreUnavailable('the stores are away'),
  };

  /** What never happens throws no dice. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#chance.happens(probability);
  }

  #weather(): Weather {
    return {
      linkMs: () => this.#chance.between(0.2, 3) + this.#chance.number() * this.health.natsSlowMs,
      replicationMs: () => this.#chance.between(0.5, 6),
      isLost: (subject) =>
        this.#happens(subject.startsWith('gw.') ? natsLossOfFrames(this.health) : this.health.natsLoss),
    };
  }
}

const natsLossOfFrames = ({ natsLoss, frameLoss }: Health): number => Math.max(natsLoss, frameLoss);

/** In 2027. */
export const startTs = 1_800_000_000_000;

/** As in NATS: they only rise. */
function createCheckpoints(): Checkpoints {
  const saved = new Map<string, Position>();
  const keyOf = (reader: string, shard: Shard): string => `${reader} ${shard}`;
  return {
    load: async (reader, shard) => saved.get(keyOf(reader, shard)) ?? (0 as Position),
    async save(reader, shard, position) {
      const before = saved.get(keyOf(reader, shard)) ?? 0;
      if (position > before) saved.set(keyOf(reader, shard), position);
    },
  };
}

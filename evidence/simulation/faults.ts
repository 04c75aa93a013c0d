// What goes wrong in a run, and when: drawn from its seed. Each fault says what it does and undoes it after a while.
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import type { Cluster } from './cluster.ts';
import type { Fleet, Role } from './fleet.ts';

export interface Stage {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly clients: readonly Client[];
  readonly chance: Chance;
}

export interface Fault {
  /** Begins it, and gives what ends it. */
  begin(stage: Stage, durationMs: number): () => void;
  /** How long it is felt after it has ended: what is lost is not missed at once. */
  readonly feltMs?: number;
}

const nothing = (): void => undefined;

/** Until a dead worker's leases end, and the next one looks for free ones. */
const takeOverMs = 5_000 + 5_000 / 3;
/** Until a client that hears nothing gives its connection up. */
const silenceMs = 16_000;

export const FAULTS = {
  'a process is killed': {
    feltMs: takeOverMs,
    begin({ fleet, chance }) {
      const [role, place] = somebody(chance);
      fleet.kill(role, place);
      return () => fleet.start(role, place);
    },
  },
  'a machine is gone': {
    feltMs: silenceMs,
    begin({ fleet, chance }) {
      const [role, place] = somebody(chance);
      fleet.kill(role, place, true);
      return () => fleet.start(role, place);
    },
  },
  'a gateway drains': {
    begin({ fleet, chance }) {
      const place = chance.whole(0, 1);
      fleet.stop('gateway', place);
      return () => fleet.start('gateway', place);
    },
  },
  'messages between the servers of NATS are lost': {
    begin({ cluster, chance }) {
      cluster.health.natsLoss = chance.of([0.05, 0.2, 0.6]);
      return () => void (cluster.health.natsLoss = 0);
    },
  },
  'frames to gateways are lost': {
    begin({ cluster, chance }) {
      cluster.health.frameLoss = chance.of([0.3, 1]);
      return () => void (cluster.health.frameLoss = 0);
    },
  },
  'NATS is slow': {
    begin({ cluster, chance }) {
      cluster.health.natsSlowMs = chance.of([50, 500]);
      return () => void (cluster.health.natsSlowMs = 0);
    },
  },
  'a stream loses its leader': {
    begin({ cluster, chance }, durationMs) {
      cluster.nats.elect(chance.of(cluster.streams), durationMs);
      return nothing;
    },
  },
  'a process loses NATS': {
    begin({ fleet, chance }, durationMs) {
      chance.of(fleet.all).node.connection.cut(durationMs);
      return nothing;
    },
  },
  'a server of NATS is frozen, and its clients go elsewhere': {
    feltMs: takeOverMs,
    begin({ fleet, cluster, chance }, durationMs) {
      const process = (chance.happens(0.5) && fleet.gateway(chance.whole(0, 1))) || chance.of(fleet.all);
      const { connection } = process.node;
      connection.stall(durationMs);
      const lateMs = chance.of([3_000, 20_000, 100_000]);
      cluster.time.schedule(Math.min(durationMs, 2_500) * 0.9, () => connection.cut(chance.between(10, 500), lateMs));
      return nothing;
    },
  },
  'Redis is away': {
    feltMs: takeOverMs,
    begin({ cluster }) {
      cluster.health.redisDown = true;
      return () => void (cluster.health.redisDown = false);
    },
  },
  'Redis loses answers': {
    feltMs: takeOverMs,
    begin({ cluster }) {
      cluster.health.redisLoss = 0.2;
      return () => void (cluster.health.redisLoss = 0);
    },
  },
  'Redis is wiped': {
    feltMs: takeOverMs,
    begin({ cluster }) {
      cluster.wipeRedis();
      return nothing;
    },
  },
  'the stores are away': {
    begin({ cluster }) {
      cluster.health.storesDown = true;
      return () => void (cluster.health.storesDown = false);
    },
  },
  'the stores lose answers': {
    begin({ cluster }) {
      cluster.health.storesLoss = 0.2;
      return () => void (cluster.health.storesLoss = 0);
    },
  },
  'connections are reset': {
    begin({ clients, chance }) {
      for (const client of clients) if (chance.happens(0.5)) client.line?.reset();
      return nothing;
    },
  },
  'a connection dies in silence': {
    feltMs: silenceMs,
    begin({ clients, chance }) {
      const { line } = chance.of(clients);
      line?.die();
      return nothing;
    },
  },
  'clients have slow networks': {
    begin({ cluster }) {
      cluster.health.clientSlowMs = 800;
      return () => void (cluster.health.clientSlowMs = 0);
    },
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
export const faultNames = Object.keys(FAULTS) as readonly FaultName[];

const somebody = (chance: Chance): readonly [Role, number] => [
  chance.of(['gateway', 'delivery', 'projector'] as const),
  chance.whole(0, 1),
];

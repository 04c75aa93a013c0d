// Every reader of the log and how far it is: each generation of each projection, and delivery. Looked at from outside, by what they
// store; who works on which shard is known where there are leases.
import { allShards, type Position, type Shard } from '@parley/domain';
import { openCheckpoints } from '@parley/infra/nats';
import { createLeases } from '@parley/infra/redis';
import type { Generation, Leases, ProjectionGenerations } from '@parley/projections';
import { READ_MODEL_NAMES, withReadModel } from '../read-models.ts';
import type { System } from '../system.ts';
import { storedGenerations } from './stored-generations.ts';

export interface ReaderLook {
  readonly name: string;
  /** Of a generation: `serving`, `following`, `building`. */
  readonly state: string;
  readonly shards: readonly ShardLook[];
  /** It cannot be looked at: why. Then there are no shards. */
  readonly failure?: string;
}

export interface ShardLook {
  readonly shard: Shard;
  readonly head: Position;
  readonly checkpoint: Position;
  /** Events that wait. */
  readonly behind: number;
  /** How long the first of them has waited; 0 when none does. */
  readonly behindMs: number;
  /** Conversations that it cannot go on with. */
  readonly parked: number;
  /** Undefined when nobody holds the lease, or where there are none. */
  readonly worker: string | undefined;
}

interface Reader {
  readonly name: string;
  readonly state: string;
  /** Whose leases its workers hold. */
  readonly role: string;
  readonly failure?: string;
  checkpoint(shard: Shard): Promise<Position>;
  parked(shard: Shard): Promise<number>;
}

export async function lookAtReaders(system: System): Promise<readonly ReaderLook[]> {
  const redis = await system.redis();
  const leases = redis && createLeases({ connection: redis, world: system.world });
  const readers = [...(await generationReaders(system)), await deliveryReader(system)];
  const aheadMs = await system.log.clockSkewMs();
  return Promise.all(readers.map((reader) => lookAt(reader, { system, leases, now: system.world.now() - aheadMs })));
}

interface Looking {
  readonly system: System;
  readonly leases: Leases | undefined;
  /** By the log's clock. */
  readonly now: number;
}

async function lookAt(reader: Reader, { system: { log }, leases, now }: Looking): Promise<ReaderLook> {
  const { name, state, role, failure } = reader;
  if (failure !== undefined) return { name, state, failure, shards: [] };
  const shards = allShards(log.shards);
  const workers = await leases?.holders(role, shards);
  const look = async (shard: Shard): Promise<ShardLook> => {
    // The checkpoint first: asked the other way round, a reader could be ahead of the head.
    const checkpoint = await reader.checkpoint(shard);
    const head = await log.head(shard);
    const first = checkpoint < head ? await log.readOne(shard, (checkpoint + 1) as Position) : undefined;
    return {
      shard,
      head,
      checkpoint,
      behind: head - checkpoint,
      behindMs: first === undefined ? 0 : Math.max(0, now - first.storedTs),
      parked: await reader.parked(shard),
      worker: workers?.get(shard),
    };
  };
  return { name, state, shards: await Promise.all(shards.map(look)) };
}

async function deliveryReader({ connection, logEpoch }: System): Promise<Reader> {
  const checkpoints = await openCheckpoints(connection, logEpoch);
  const name = 'delivery';
  return { name, state: '', role: name, checkpoint: (shard) => checkpoints.load(name, shard), parked: async () => 0 };
}

async function generationReaders(system: System): Promise<readonly Reader[]> {
  const stored = await storedGenerations(system);
  const records = await Promise.all(
    READ_MODEL_NAMES.map(async (name) => ({ name, record: await system.registry.load(name) })),
  );
  const readers = records.flatMap(({ name, record }) =>
    (record?.generations ?? []).map((one) =>
      generationReader(system, name, { one, state: stateOf(one, record), stored }),
    ),
  );
  return Promise.all(readers);
}

const stateOf = (one: Generation, record: ProjectionGenerations | undefined): string =>
  one.number === record?.serving ? 'serving' : one.state;

interface Known {
  readonly one: Generation;
  readonly state: string;
  readonly stored: ReadonlySet<string>;
}

async function generationReader(system: System, projection: string, { one, state, stored }: Known): Promise<Reader> {
  const name = `${projection}-g${one.number}`;
  const reader = { name, state, role: `projector-${name}` };
  const unknown = { checkpoint: async () => 0 as Position, parked: async () => 0 };
  if (!stored.has(name)) return { ...reader, ...unknown, failure: 'not in the store' };
  try {
    const stores = await system.stores();
    return await withReadModel(projection, async (model): Promise<Reader> => {
      const { version } = model.projection;
      if (one.version !== version) {
        return { ...reader, ...unknown, failure: `of version ${one.version}; this build reads ${version}` };
      }
      const store = await model.open(stores, one.number);
      return {
        ...reader,
        checkpoint: (shard) => store.checkpoint(shard),
        parked: async (shard) => (await store.parked(shard)).length,
      };
    });
  } catch (error) {
    return { ...reader, ...unknown, failure: error instanceof Error ? error.message : String(error) };
  }
}

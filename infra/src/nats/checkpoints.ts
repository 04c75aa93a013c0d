// Where stateless readers (delivery) are: one small value for each reader and shard, in NATS itself. It only rises, whoever
// writes it, and a log of another epoch has others.
import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import { NO_POSITION, parsePosition, type Position, type Shard } from '@parley/domain';
import { API_CODES } from './api-error.ts';
import type { Connection } from './connection.ts';
import { PROJECTIONS_BUCKET } from './streams.ts';

export interface Checkpoints {
  /** NO_POSITION when there is none. Possibly not the newest: a reader that starts lower does work twice, never skips. */
  load(reader: string, shard: Shard): Promise<Position>;
  /** Rejects for failures of the world; the next save says more than a lost one did. */
  save(reader: string, shard: Shard, position: Position): Promise<void>;
}

export async function openCheckpoints(connection: Connection, logEpoch: number): Promise<Checkpoints> {
  const bucket = await new Kvm(connection.nc).open(PROJECTIONS_BUCKET);
  return new KvCheckpoints(bucket, logEpoch);
}

interface Entry {
  readonly position: Position;
  /** 0 before the first. */
  readonly revision: number;
}

class KvCheckpoints implements Checkpoints {
  readonly #bucket: KV;
  readonly #logEpoch: number;
  /** What we last read or wrote, so that a save is one request while nobody else writes. */
  readonly #known = new Map<string, Entry>();

  constructor(bucket: KV, logEpoch: number) {
    this.#bucket = bucket;
    this.#logEpoch = logEpoch;
  }

  async load(reader: string, shard: Shard): Promise<Position> {
    return (await this.#read(this.#key(reader, shard))).position;
  }

  async save(reader: string, shard: Shard, position: Position): Promise<void> {
    const key = this.#key(reader, shard);
    let entry = this.#known.get(key) ?? (await this.#read(key));
    while (entry.position < position) {
      const revision = await this.#update(key, position, entry.revision);
      if (revision !== undefined) this.#known.set(key, { position, revision });
      if (revision !== undefined) return;
      entry = await this.#read(key);
    }
  }

  #key(reader: string, shard: Shard): string {
    return `checkpoint.e${this.#logEpoch}.${reader}.${shard}`;
  }

  async #read(key: string): Promise<Entry> {
    const stored = await this.#bucket.get(key);
    const position = (stored && parsePosition(stored.string())) ?? NO_POSITION;
    const entry = { position, revision: stored?.revision ?? 0 };
    this.#known.set(key, entry);
    return entry;
  }

  /** The new revision; undefined when someone else wrote meanwhile. */
  async #update(key: string, position: Position, revision: number): Promise<number | undefined> {
    try {
      return await this.#bucket.put(key, `${position}`, { previousSeq: revision });
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === API_CODES.WrongLastSequence) return undefined;
      throw error;
    }
  }
}

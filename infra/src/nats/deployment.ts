// What a deployment is, decided once when it is created and the same ever after: its number of shards and its log epoch.
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Connection } from './connection.ts';
import { CONFIG_BUCKET, declareStreams, type StreamSizing } from './streams.ts';

export interface Deployment {
  readonly shards: number;
  /** Rises only when the log was restored or lost its tail. */
  readonly logEpoch: number;
}

/** A conversation's shard is a function of the number of shards: another number would look for it in the wrong stream. */
export class ShardsMismatch extends Error {
  override readonly name = 'ShardsMismatch';

  constructor(stored: number, asked: number) {
    super(`this deployment was created with ${stored} shards and cannot be opened with ${asked}`);
  }
}

const firstLogEpoch = 1;

/**
 * Declares the streams and compares, or on the first start stores, what the deployment is. Throws StreamMismatch or
 * ShardsMismatch, with nothing changed by whoever comes second.
 */
export async function openDeployment(options: StreamSizing & { readonly connection: Connection }): Promise<Deployment> {
  const { connection, shards } = options;
  const jsm = await jetstreamManager(connection.nc);
  await declareStreams(jsm, { shards: 0, replicas: options.replicas });
  const config = await new Kvm(connection.nc).open(CONFIG_BUCKET);
  const stored = await storedOr(config, 'shards', shards);
  if (stored !== shards) throw new ShardsMismatch(stored, shards);
  await declareStreams(jsm, options);
  return { shards, logEpoch: await storedOr(config, 'log_epoch', firstLogEpoch) };
}

/** What the first to come has stored; a replica that lags may not know it yet, so the attempt to create it decides. */
async function storedOr(config: KV, key: string, first: number): Promise<number> {
  const known = await config.get(key);
  if (known !== null) return known.json<number>();
  try {
    await config.create(key, JSON.stringify(first));
    return first;
  } catch (cause) {
    const other = await config.get(key);
    if (other === null) throw new Error(`${CONFIG_BUCKET}.${key} can be neither created nor read`, { cause });
    return other.json<number>();
  }
}

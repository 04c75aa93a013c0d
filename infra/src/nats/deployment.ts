// What a deployment is, decided once when it is created and the same ever after: its number of shards and its log epoch. Whoever
// may create streams creates it (standalone, an operator's set-up); the roles of a fleet only compare, and wait for it.
import { Kvm, type KV } from '@nats-io/kv';
import { LogUnavailable, type World } from '@parley/domain';
import type { Connection } from './connection.ts';
import { JetStreamApi } from './jetstream-api.ts';
import { Requests } from './requests.ts';
import { CONFIG_BUCKET, declareStreams, missingStreams, type StreamSizing } from './streams.ts';

export interface Deployment {
  readonly shards: number;
  /** Rises only when the log was restored or lost its tail. */
  readonly logEpoch: number;
}

export interface DeploymentOptions extends StreamSizing {
  readonly connection: Connection;
  readonly world: World;
}

/** Of a role of a fleet: without a number of shards the stored one counts. */
export interface OpeningOptions extends Omit<DeploymentOptions, 'shards'> {
  readonly shards?: number;
  readonly waitMsMax?: number;
}

/** A conversation's shard is a function of the number of shards: another number would look for it in the wrong stream. */
export class ShardsMismatch extends Error {
  override readonly name = 'ShardsMismatch';

  constructor(stored: number, asked: number) {
    super(`this deployment was created with ${stored} shards and cannot be opened with ${asked}`);
  }
}

/** Nobody has created it, or JetStream did not answer, for as long as we waited. */
export class DeploymentMissing extends Error {
  override readonly name = 'DeploymentMissing';

  constructor(reason: string, waitedMs: number) {
    super(`there is no deployment to open, after ${waitedMs / 1_000} s: ${reason}`);
  }
}

const firstLogEpoch = 1;

const OPENING = {
  /** An operator who sets everything up at once starts the roles before the deployment is created. */
  waitMsMax: 60_000,
  pollMs: 500,
} as const;

/**
 * Declares the streams and compares, or on the first start stores, what the deployment is. Throws StreamMismatch or
 * ShardsMismatch, with nothing changed by whoever comes second; PermissionDenied for who is neither setup nor operator.
 */
export async function createDeployment({ connection, world, ...sizing }: DeploymentOptions): Promise<Deployment> {
  using requests = new Requests(connection, world);
  const api = new JetStreamApi(requests, world);
  await declareStreams(api, { ...sizing, shards: 0 });
  const config = await openConfig(connection);
  assertShards(await storedOr(config, 'shards', sizing.shards), sizing.shards);
  await declareStreams(api, sizing);
  return { shards: sizing.shards, logEpoch: await storedOr(config, 'log_epoch', firstLogEpoch) };
}

/** Every key of a deployment and its value: its number of shards, its log epoch, and what later builds keep there. */
export type DeploymentSettings = Readonly<Record<string, string>>;

export async function readSettings(connection: Connection): Promise<DeploymentSettings> {
  const config = await openConfig(connection);
  const settings: Record<string, string> = {};
  for await (const key of await config.keys()) {
    const entry = await config.get(key);
    if (entry) settings[key] = entry.string();
  }
  return settings;
}

/**
 * For a log whose streams have been restored: the deployment they belong to, in a new epoch. Its number of shards comes last, so
 * that nobody finds a deployment before its epoch is right. Throws StreamMismatch.
 */
export async function createRestoredDeployment(
  options: DeploymentOptions,
  { settings, logEpoch }: { readonly settings: DeploymentSettings; readonly logEpoch: number },
): Promise<Deployment> {
  const { connection, world, shards } = options;
  using requests = new Requests(connection, world);
  await declareStreams(new JetStreamApi(requests, world), options);
  const config = await openConfig(connection);
  for (const [key, value] of Object.entries(settings)) if (!ownKeys.has(key)) await config.put(key, value);
  await config.create('log_epoch', JSON.stringify(logEpoch));
  await config.create('shards', JSON.stringify(shards));
  return { shards, logEpoch };
}

const ownKeys: ReadonlySet<string> = new Set(['shards', 'log_epoch']);

/** Compares, and creates nothing. Throws StreamMismatch, ShardsMismatch or PermissionDenied at once, else DeploymentMissing. */
export async function openDeployment(options: OpeningOptions): Promise<Deployment> {
  const { connection, world, waitMsMax = OPENING.waitMsMax } = options;
  using requests = new Requests(connection, world);
  const api = new JetStreamApi(requests, world);
  const deadlineTs = world.now() + waitMsMax;
  for (;;) {
    const found = await findDeployment(api, options);
    if (typeof found === 'object') return found;
    if (world.now() >= deadlineTs) throw new DeploymentMissing(found, waitMsMax);
    await world.sleep(OPENING.pollMs);
  }
}

/** The deployment, or why there is none yet. */
async function findDeployment(api: JetStreamApi, options: OpeningOptions): Promise<Deployment | string> {
  try {
    const [bucket] = await missingStreams(api, { ...options, shards: 0 });
    if (bucket !== undefined) return notCreated(bucket.name);
    const config = await openConfig(options.connection);
    const [shards, logEpoch] = [await stored(config, 'shards'), await stored(config, 'log_epoch')];
    if (shards === undefined || logEpoch === undefined) return notCreated(CONFIG_BUCKET);
    assertShards(shards, options.shards ?? shards);
    const [missing] = await missingStreams(api, { ...options, shards });
    return missing === undefined ? { shards, logEpoch } : notCreated(missing.name);
  } catch (error) {
    if (error instanceof LogUnavailable) return `JetStream does not answer ${error.message}`;
    throw error;
  }
}

/** What is stored of it, whatever the streams are like. Rejects when there is no such bucket. */
export async function storedDeployment(connection: Connection): Promise<Partial<Deployment>> {
  const config = await openConfig(connection);
  const [shards, logEpoch] = [await stored(config, 'shards'), await stored(config, 'log_epoch')];
  return { ...(shards !== undefined && { shards }), ...(logEpoch !== undefined && { logEpoch }) };
}

const notCreated = (what: string): string =>
  `${what} was not created; a user who may (setup, operator) has to do it first`;

function assertShards(stored: number, asked: number): void {
  if (stored !== asked) throw new ShardsMismatch(stored, asked);
}

const openConfig = (connection: Connection): Promise<KV> => new Kvm(connection.nc).open(CONFIG_BUCKET);

async function stored(config: KV, key: string): Promise<number | undefined> {
  return (await config.get(key))?.json<number>();
}

/** What the first to come has stored; a replica that lags may not know it yet, so the attempt to create it decides. */
async function storedOr(config: KV, key: string, first: number): Promise<number> {
  const known = await stored(config, key);
  if (known !== undefined) return known;
  try {
    await config.create(key, JSON.stringify(first));
    return first;
  } catch (cause) {
    const other = await stored(config, key);
    if (other === undefined) throw new Error(`${CONFIG_BUCKET}.${key} can be neither created nor read`, { cause });
    return other;
  }
}

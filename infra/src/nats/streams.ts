// The one table of streams (docs/jetstream.md): nothing else declares one. What differs from it on the server is reported, never
// repaired: a stream holds the truth, and a repair that guesses wrong deletes it.
import { ACCEPTANCE, allShards } from '@parley/domain';
import { Semaphore } from '@parley/projections';
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { API_CODES, ApiError, type ApiAnswer } from './api-error.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import { chatStream, parkedSubject } from './subjects.ts';

export interface StreamSizing {
  readonly shards: number;
  /** 1 standalone, 3 in a cluster. */
  readonly replicas: 1 | 3;
}

/** Exactly what we insist on; every other setting is the server's default. */
type StreamDeclaration = Pick<StreamConfig, 'name'> & Partial<StreamConfig>;

const nanosPerMs = 1_000_000;
const msPerDay = 24 * 60 * 60 * 1_000;

/** Readers of one shard, of every generation and process, dead ones included until the server forgets them (30 s). */
const consumersPerShardMax = 1_024;

function streamTable({ shards, replicas }: StreamSizing): readonly StreamDeclaration[] {
  const stored = { storage: StorageType.File, num_replicas: replicas };
  return [
    ...allShards(shards).map((shard) => ({
      ...stored,
      name: chatStream(shard),
      subjects: [`chat.${shard}.*.msg`, `chat.${shard}.*.meta`],
      retention: RetentionPolicy.Limits,
      // A full disk refuses appends; the default would delete the oldest events.
      discard: DiscardPolicy.New,
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      duplicate_window: ACCEPTANCE.dedupWindowMs * nanosPerMs,
      deny_purge: true,
      // Single messages can be deleted: an erasure by law is one.
      deny_delete: false,
      max_consumers: consumersPerShardMax,
      allow_direct: true,
    })),
    keyValueBucket(CONFIG_BUCKET, stored),
    keyValueBucket(PROJECTIONS_BUCKET, stored),
    {
      ...stored,
      name: PARKED_STREAM,
      subjects: [parkedSubject('*', '*')],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: parkedDays * msPerDay * nanosPerMs,
      max_msgs_per_subject: parkedRecordsMax,
      duplicate_window: ACCEPTANCE.dedupWindowMs * nanosPerMs,
    },
  ];
}

/** Conversations that a projection could not go on with, with the event and the reason. */
export const PARKED_STREAM = 'PARKED';
const parkedDays = 30;
/** Of one conversation and projection: the newest ones stay. */
const parkedRecordsMax = 16;

/** What a deployment is: its number of shards, its log epoch. */
export const CONFIG_BUCKET = 'parley_config';

/** Where stateless readers are, and which generation of a projection serves. */
export const PROJECTIONS_BUCKET = 'parley_projections';

/** The stream under a key-value bucket, as NATS's ADR-8 has it. */
export const keyValueStream = (bucket: string): string => `KV_${bucket}`;

/** With one value kept for each key. */
const keyValueBucket = (bucket: string, stored: Partial<StreamConfig>): StreamDeclaration => ({
  ...stored,
  name: keyValueStream(bucket),
  subjects: [`$KV.${bucket}.>`],
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  deny_delete: true,
  allow_rollup_hdrs: true,
  allow_direct: true,
});

export interface StreamDifference {
  readonly stream: string;
  readonly key: string;
  readonly declared: unknown;
  readonly actual: unknown;
}

/** Streams on the server are not what this build declares. An operator decides; nothing was changed. */
export class StreamMismatch extends Error {
  override readonly name = 'StreamMismatch';
  readonly differences: readonly StreamDifference[];

  constructor(differences: readonly StreamDifference[]) {
    super(`streams differ from their declaration:\n${differences.map(differenceLine).join('\n')}`);
    this.differences = differences;
  }
}

const differenceLine = ({ stream, key, declared, actual }: StreamDifference): string =>
  `  ${stream}.${key}: declared ${JSON.stringify(declared)}, is ${JSON.stringify(actual)}`;

/** Creates the streams that are missing; throws StreamMismatch when one that exists is not as declared. Idempotent. */
export async function declareStreams(api: JetStreamApi, sizing: StreamSizing): Promise<void> {
  const missing = await missingStreams(api, sizing);
  const slots = new Semaphore(creationsAtOnceMax);
  await Promise.all(
    missing.map(async (declared) => {
      using _slot = await slots.acquire();
      await api.ask(`STREAM.CREATE.${declared.name}`, declared);
    }),
  );
}

/** Each elects a leader: many at once take longer than a request waits. */
const creationsAtOnceMax = 4;

/** Of a deployment with so many shards, those that exist, however they are configured. */
export async function existingStreams(api: JetStreamApi, shards: number): Promise<readonly string[]> {
  const declarations = streamTable({ shards, replicas: 1 });
  const compared = await Promise.all(declarations.map(async (each) => ({ ...each, actual: await found(api, each) })));
  return compared.filter(({ actual }) => actual !== undefined).map(({ name }) => name);
}

/** What this build insists on for a stream of its table; everything else is as it was when the stream was backed up. */
export function declaredConfig<Config extends { readonly name: string }>(config: Config, sizing: StreamSizing): Config {
  return { ...config, ...streamTable(sizing).find(({ name }) => name === config.name) };
}

/** Those of the table that do not exist; throws StreamMismatch when one that exists is not as declared. Changes nothing. */
export async function missingStreams(api: JetStreamApi, sizing: StreamSizing): Promise<readonly StreamDeclaration[]> {
  const { missing, differences } = await compareStreams(api, sizing);
  if (differences.length > 0) throw new StreamMismatch(differences);
  return missing;
}

interface StreamComparison {
  /** All of the table, by name. */
  readonly declared: readonly string[];
  readonly missing: readonly StreamDeclaration[];
  readonly differences: readonly StreamDifference[];
}

/** What is there beside what is declared. Changes nothing. */
export async function compareStreams(api: JetStreamApi, sizing: StreamSizing): Promise<StreamComparison> {
  const declarations = streamTable(sizing);
  const compared = await Promise.all(
    declarations.map(async (declared) => ({ declared, actual: await found(api, declared) })),
  );
  return {
    declared: declarations.map(({ name }) => name),
    missing: compared.filter(({ actual }) => actual === undefined).map(({ declared }) => declared),
    differences: compared.flatMap(({ declared, actual }) => (actual ? differencesFrom(declared, actual) : [])),
  };
}

/** How the stream is configured; undefined when it does not exist. One by one: no role may list streams that are not its own. */
async function found(api: JetStreamApi, { name }: StreamDeclaration): Promise<object | undefined> {
  try {
    return (await api.ask<StreamConfigAnswer>(`STREAM.INFO.${name}`)).config;
  } catch (error) {
    if (error instanceof ApiError && error.code === API_CODES.StreamNotFound) return undefined;
    throw error;
  }
}

interface StreamConfigAnswer extends ApiAnswer {
  readonly config: object;
}

function differencesFrom(declared: StreamDeclaration, existing: object): readonly StreamDifference[] {
  const actual = new Map<string, unknown>(Object.entries(existing));
  return Object.entries(declared)
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(actual.get(key) ?? unset(value)))
    .map(([key, value]) => ({ stream: declared.name, key, declared: value, actual: actual.get(key) }));
}

/** The server leaves out of its answer what is false or zero. */
const unset = (declared: unknown): unknown => (declared === false || declared === 0 ? declared : undefined);

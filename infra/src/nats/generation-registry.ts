// Which generations of a projection there are, and which one serves: one small JSON document for each projection and log epoch, in
// NATS itself. Two who change it at once: the second one looks again.
import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { GenerationRegistry, ProjectionGenerations } from '@parley/projections';
import { API_CODES } from './api-error.ts';
import type { Connection } from './connection.ts';
import { PROJECTIONS_BUCKET } from './streams.ts';

export async function openGenerationRegistry(connection: Connection, logEpoch: number): Promise<GenerationRegistry> {
  const bucket = await new Kvm(connection.nc).open(PROJECTIONS_BUCKET);
  const keyOf = (projection: string): string => `generations.e${logEpoch}.${projection}`;
  return {
    async load(projection) {
      return (await entryOf(bucket, keyOf(projection))).record;
    },
    async change(projection, change) {
      const key = keyOf(projection);
      for (;;) {
        const { record, revision } = await entryOf(bucket, key);
        const next = change(record);
        if (next === record || (await isStored(bucket, key, { record: next, revision }))) return next;
      }
    },
  };
}

interface Entry {
  readonly record: ProjectionGenerations | undefined;
  /** 0 before the first. */
  readonly revision: number;
}

async function entryOf(bucket: KV, key: string): Promise<Entry> {
  const stored = await bucket.get(key);
  return { record: stored?.json<ProjectionGenerations>(), revision: stored?.revision ?? 0 };
}

/** False when somebody else was faster; a replica that lags may have told us of an older one. */
async function isStored(bucket: KV, key: string, { record, revision }: Entry): Promise<boolean> {
  try {
    await bucket.put(key, JSON.stringify(record), { previousSeq: revision });
    return true;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === API_CODES.WrongLastSequence) return false;
    throw error;
  }
}

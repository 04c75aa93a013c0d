import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messagesPerDay } from '@parley/projections';
import {
  describeConversationStore,
  describeFlatStore,
  describeTimelineStore,
  type OpenStore,
} from '@parley/projections/contracts';
import { afterAll, beforeAll } from 'vitest';
import { createWorld } from '../runtime/index.ts';
import { openSqlite, type SqliteStores } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'));
let stores: SqliteStores;
let lastGeneration = 0;

const start = async () => {
  stores = await openSqlite({
    directory,
    logEpoch: 1,
    world: createWorld(),
    report: (report) => {
      throw new Error(`unexpected: ${JSON.stringify(report)}`);
    },
  });
};

beforeAll(start);
afterAll(async () => {
  await stores[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** Each store is a generation of its own; a worker for each would take ten times as long. */
function generationsOf<Store extends { drop(): Promise<void> }>(
  projection: (stores: SqliteStores, generation: number) => Promise<Store>,
): OpenStore<Store> {
  return async () => {
    const generation = ++lastGeneration;
    const store = await projection(stores, generation);
    const reopen = async () => {
      await stores[Symbol.asyncDispose]();
      await start();
      return projection(stores, generation);
    };
    const dropLast = async () => (await projection(stores, generation)).drop();
    return { store, reopen, [Symbol.asyncDispose]: dropLast };
  };
}

describeTimelineStore(
  'sqlite',
  generationsOf((stores, generation) => stores.timeline(generation)),
);
describeConversationStore(
  'sqlite',
  generationsOf((stores, generation) => stores.conversations(generation)),
);
describeFlatStore(
  'sqlite',
  generationsOf((stores, generation) => stores.flat(messagesPerDay, generation)),
);

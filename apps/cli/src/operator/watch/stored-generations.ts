// Which generations of read models there are in the store, asked without opening one: to open one is to make it.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { inspectCassandra } from '@parley/infra/cassandra';
import { cassandraOptions } from '@parley/infra/fleet';
import type { System } from '../system.ts';

/** By name, such as `timeline-g1`. */
export async function storedGenerations({
  where,
  logEpoch,
}: Pick<System, 'where' | 'logEpoch'>): Promise<ReadonlySet<string>> {
  if (where.form === 'standalone') return filesIn(path.join(where.dataDir, 'read-models'));
  const { generations } = await inspectCassandra(cassandraOptions(where.config, logEpoch));
  const ours = generations.filter((one) => one.logEpoch === logEpoch);
  return new Set(ours.map(({ projection, number }) => `${projection}-g${number}`));
}

async function filesIn(directory: string): Promise<ReadonlySet<string>> {
  const files = await readdir(directory).catch(() => []); // no such directory: nothing is stored
  return new Set(files.filter((name) => name.endsWith('.sqlite')).map((name) => path.basename(name, '.sqlite')));
}

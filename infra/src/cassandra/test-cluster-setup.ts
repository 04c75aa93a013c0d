// For tests: one ring of three nodes for all test files that need Cassandra, or the cluster that
// PARLEY_CASSANDRA_CONTACT_POINTS names. The first file that needs the ring starts it; it goes with the test run.
import { spawnSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { cassandraScript, createRing, removeRing, type Ring } from './test-nodes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly cassandraRing: Ring | undefined;
  }
}

export async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env['PARLEY_CASSANDRA_CONTACT_POINTS'] !== undefined) return undefined;
  const { status } = spawnSync(cassandraScript, ['fetch'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('no Cassandra to be had (see above)');
  const ring = await createRing(3);
  provide('cassandraRing', ring);
  return () => removeRing(ring);
}

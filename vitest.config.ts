// Four kinds of tests: pure ones, those that start servers and processes, those that need Cassandra, and those of a whole
// cluster. The second kind waits for the first and runs few files at a time, because each brings a nats-server and measures
// time. The third needs Java or a Cassandra somewhere; its files share one ring of nodes, which some of them kill. The
// fourth runs only when it is asked for (`npm run test:cluster`).
import { defineConfig } from 'vitest/config';

const folders = '{domain,protocol,projections,infra,proof,sdk,apps,scripts}';
const tests = [`${folders}/**/*.test.{ts,mjs}`];
const servers = [`${folders}/**/*.{int,e2e}.test.ts`];
const cassandras = ['infra/**/*.cluster.test.ts'];
const clusters = ['apps/**/*.cluster.test.ts'];

// By name alone, so that `npm test -- --project pure` and the like go on meaning what they say.
const isClusterAskedFor = process.argv.includes('cluster');

// Nodes of a cluster that somebody named are not ours to kill, nor to set up.
const ownNodes = ['outage', 'secure'].map((name) => `infra/src/cassandra/${name}.cluster.test.ts`);
const isClusterNamed = process.env['PARLEY_CASSANDRA_CONTACT_POINTS'] !== undefined;

const cassandra = {
  extends: true as const,
  test: {
    name: 'cassandra',
    include: cassandras,
    exclude: ['**/node_modules/**', ...(isClusterNamed ? ownNodes : [])],
    globalSetup: ['./infra/src/cassandra/test-cluster-setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
    sequence: { groupOrder: 3 },
  },
};

const cluster = {
  extends: true as const,
  test: {
    name: 'cluster',
    include: clusters,
    exclude: ['**/node_modules/**'],
    testTimeout: 300_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    sequence: { groupOrder: 4 },
  },
};

export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.ts'],
    // uWebSockets.js aborts the process when a thread that loaded it ends, so every file gets a process.
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: tests,
          exclude: ['**/node_modules/**', ...servers, ...cassandras, ...clusters],
          testTimeout: 20_000,
          maxWorkers: '100%',
          // Not 0: on a small machine vitest puts such a group last.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: servers,
          exclude: ['**/node_modules/**'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      cassandra,
      ...(isClusterAskedFor ? [cluster] : []),
    ],
  },
});

// Five kinds of tests: pure ones, those that start nats-servers and processes, those that need Redis or a balancer besides, those
// that need Cassandra, and those of a whole fleet. Each kind waits for the one before; the second and third run few files at a time,
// because each brings servers and measures time. The fourth needs Java or a Cassandra somewhere; its files share one ring of nodes,
// which some of them kill. `npm test` runs all of them, `npm run test:embedded` the first two.
import { defineConfig } from 'vitest/config';

const folders = '{domain,protocol,projections,infra,proof,evidence,sdk,apps,scripts}';
const tests = [`${folders}/**/*.test.{ts,mjs}`];
const servers = [`${folders}/**/*.{int,e2e}.test.ts`];
const redis = [
  'infra/src/redis/*.int.test.ts',
  'apps/projector/src/*.int.test.ts',
  'apps/standalone/e2e/{fleet,groups,delivery-workers}.e2e.test.ts',
  'scripts/deploy/balancer.int.test.ts',
];
const cassandras = ['infra/**/*.cluster.test.ts'];
const clusters = ['{apps,evidence}/**/*.cluster.test.ts'];

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
    sequence: { groupOrder: 4 },
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
    sequence: { groupOrder: 5 },
  },
};

interface Kind {
  readonly name: string;
  readonly include: string[];
  readonly exclude: string[];
  readonly groupOrder: number;
}

const withServers = ({ name, include, exclude, groupOrder }: Kind) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', ...exclude],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    sequence: { groupOrder },
  },
});

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
      withServers({ name: 'servers', include: servers, exclude: redis, groupOrder: 2 }),
      withServers({ name: 'redis', include: redis, exclude: [], groupOrder: 3 }),
      cassandra,
      cluster,
    ],
  },
});

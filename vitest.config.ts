// Three kinds of tests: pure ones, those that start servers and processes, and those that need a cluster's servers. The
// second kind waits for the first and runs few files at a time, because each brings a nats-server and measures time. The
// third needs Java or a cluster somewhere; its files share one ring of Cassandra nodes, which some of them kill.
import { defineConfig } from 'vitest/config';

const folders = '{domain,protocol,projections,infra,proof,sdk,apps,scripts}';
const tests = [`${folders}/**/*.test.{ts,mjs}`];
const servers = [`${folders}/**/*.{int,e2e}.test.ts`];
const clusters = [`${folders}/**/*.cluster.test.ts`];

// Nodes of a cluster that somebody named are not ours to kill.
const outages = process.env['PARLEY_CASSANDRA_CONTACT_POINTS'] === undefined ? [] : ['**/*outage.cluster.test.ts'];

const cluster = {
  extends: true as const,
  test: {
    name: 'cluster',
    include: clusters,
    exclude: ['**/node_modules/**', ...outages],
    globalSetup: ['./infra/src/cassandra/test-cluster-setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
    sequence: { groupOrder: 3 },
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
          exclude: ['**/node_modules/**', ...servers, ...clusters],
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
      cluster,
    ],
  },
});

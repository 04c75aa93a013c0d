// Three kinds of tests: pure ones, those that start servers and processes, and those that need a cluster's servers. The
// second kind waits for the first and runs few files at a time, because each brings a nats-server and measures time. The
// third needs Java or a cluster somewhere, and runs only when it is asked for (`npm run test:cluster`).
import { defineConfig } from 'vitest/config';

const folders = '{domain,protocol,projections,infra,proof,sdk,apps,scripts}';
const tests = [`${folders}/**/*.test.{ts,mjs}`];
const servers = [`${folders}/**/*.{int,e2e}.test.ts`];
const clusters = [`${folders}/**/*.cluster.test.ts`];

// By name alone, so that `npm test -- --project pure` and the like go on meaning what they say.
const isClusterAskedFor = process.argv.includes('cluster');

const cluster = {
  extends: true as const,
  test: {
    name: 'cluster',
    include: clusters,
    exclude: ['**/node_modules/**'],
    testTimeout: 300_000,
    hookTimeout: 180_000,
    // Each brings a Cassandra of a gigabyte.
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
      ...(isClusterAskedFor ? [cluster] : []),
    ],
  },
});

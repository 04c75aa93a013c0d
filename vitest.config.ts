// Two kinds of tests: pure ones, and those that start servers and processes. The second kind waits for the first and runs
// few files at a time, because each brings a nats-server and measures time.
import { defineConfig } from 'vitest/config';

const folders = '{domain,protocol,projections,infra,sdk,apps,scripts}';
const tests = [`${folders}/**/*.test.{ts,mjs}`];
const servers = [`${folders}/**/*.{int,e2e}.test.ts`];

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
          exclude: ['**/node_modules/**', ...servers],
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
    ],
  },
});

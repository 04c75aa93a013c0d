// The servers of compose.yaml are configured from the table of permissions, and get every password the configuration asks for.
import { readFileSync } from 'node:fs';
import { clusterConfig } from '@parley/infra/nats';
import { expect, it } from 'vitest';

const header = '# Written by scripts/nats-server-config.ts; passwords are in the environment of the server.\n';
const command =
  'node scripts/nats-server-config.ts --shards 64 --hosts nats-1,nats-2,nats-3 > infra/deploy/nats/nats.conf';

it('is what the table of permissions says', () => {
  const written = readFileSync('infra/deploy/nats/nats.conf', 'utf8');
  const expected = header + clusterConfig({ shards: 64, hosts: ['nats-1', 'nats-2', 'nats-3'] });
  expect(written === expected, `run: ${command}`).toBe(true);
});

it('finds a secret in compose.yaml for each password', () => {
  const config = readFileSync('infra/deploy/nats/nats.conf', 'utf8');
  const users = [...config.matchAll(/\$PARLEY_NATS_([A-Z]+)_PASSWORD/g)].map(([, user = '']) => user.toLowerCase());
  const secrets = [...readFileSync('infra/deploy/compose.yaml', 'utf8').matchAll(/^ {4}- nats-([a-z]+)$/gm)];
  expect(secrets.map(([, user]) => user).toSorted()).toEqual(users.toSorted());
});

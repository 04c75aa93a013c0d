// What is rendered for a deployment is what nats-server understands: it checks the file itself.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterConfig } from './cluster-config.ts';
import { passwordVariable } from './server-config.ts';
import { ROLES } from './permissions.ts';
import { writeCertificates } from './test-certificates.ts';
import { natsServerBinary } from './test-servers.ts';

const shards = 64;
const users = [...ROLES, 'system'] as const;
const passwords = Object.fromEntries(users.map((user) => [passwordVariable(user).name, `secret-of-${user}`]));
const environment: Record<string, string> = {
  ...passwords,
  PARLEY_NATS_SERVER_NAME: 'nats-0',
  PARLEY_NATS_ROUTES: '["nats://route:secret@nats-0:6222", "nats://route:secret@nats-1:6222"]',
  PARLEY_NATS_ROUTE_PASSWORD: 'secret',
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-config-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a file without TLS takes every secret from the environment', async () => {
  const config = clusterConfig({ shards, hosts: ['nats-0', 'nats-1'] });
  expect(config).not.toContain('secret');
  expect(await check(config, environment)).toContain('configuration file');
  for (const name of Object.keys(environment)) {
    const { [name]: _missing, ...others } = environment;
    await expect(check(config, others)).rejects.toThrow(`variable reference for '${name}'`);
  }
});

test('a file with TLS lists its servers, who show one another their certificates', async () => {
  await writeCertificates(folder);
  const config = clusterConfig({ shards, hosts: ['nats-0', 'nats-1'], tlsDirectory: folder });
  expect(config).toContain('"nats://nats-1:6222"');
  const { PARLEY_NATS_ROUTES: _routes, PARLEY_NATS_ROUTE_PASSWORD: _password, ...others } = environment;
  expect(await check(config, others)).toContain('configuration file');
});

async function check(config: string, env: NodeJS.ProcessEnv): Promise<string> {
  const file = path.join(folder, 'nats.conf');
  await writeFile(file, config);
  const { stdout, stderr } = await promisify(execFile)(natsServerBinary(), ['-c', file, '-t'], { env });
  return stdout + stderr;
}

// Real connections: with passwords and credentials files, over TLS, to servers that are away or not there yet.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../runtime/free-port.ts';
import { connectNats, createDeployment, NatsEventLog, NatsUnreachable, passwordVariable, ROLES } from './index.ts';
import { writeCertificates, type CertificateFiles } from './test-certificates.ts';
import { createRoom, readAll } from './test-log.ts';
import { credentialsOf, startTestCluster, startTestServer, testWorld, type TestCluster } from './test-servers.ts';
import { startOperatorModeServer } from './test-credentials.ts';

const world = testWorld();
const shards = 1;
let folder: string;
let certificates: CertificateFiles;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-connect-'));
  certificates = await writeCertificates(path.join(folder, 'ours'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('over TLS', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startTestCluster({ users: { shards }, tls: certificates });
  }, 120_000);

  afterAll(() => cluster[Symbol.asyncDispose]());

  test('clients and servers talk, and a log is on all three', async () => {
    const options = { servers: cluster.urls, name: 'test', tls: certificates.texts };
    await using setup = await connectNats({ ...options, ...credentialsOf('setup') });
    await createDeployment({ connection: setup, world, shards, replicas: 3 });
    await using gateway = await connectNats({ ...options, ...credentialsOf('gateway') });
    expect(gateway.nc.info).toMatchObject({ tls_required: true, tls_verify: true });
    await using log = new NatsEventLog({ connection: gateway, world, shards });
    const room = await createRoom({ log, world });
    expect(await readAll(log, room.shard)).toHaveLength(1);
  });

  test('a connection does not come about with a server it does not know', async () => {
    const { texts } = await writeCertificates(path.join(folder, 'another'));
    const failure = await failureOf({ servers: cluster.urls, tls: { ...certificates.texts, ca: texts.ca } });
    expect(failure).toMatch(/^no NATS server could be reached at nats:.*certificate/);
  });

  test('a connection does not come about without a certificate of its own', async () => {
    const { ca } = certificates.texts;
    const failure = await failureOf({ servers: cluster.urls, tls: { ca } });
    // The server's alert, or the end of the connection behind it, whichever is read first.
    expect(failure).toMatch(/^no NATS server could be reached at nats:.*(certificate required|ECONNRESET)/);
  });

  test('nothing is sent in the clear to a server without it', async () => {
    await using server = await startTestServer();
    const failure = await failureOf({ servers: server.url, tls: certificates.texts });
    expect(failure).toContain('tls');
  });
});

describe('with credentials', () => {
  test('a password may be in the environment of the server, in plain text or as bcrypt', async () => {
    const ofGateway = '$2a$04$3mn/XDuauf0JQ57aw0R6VuIiYQGxNzrVf6UKKzjYeLuHPkIL14g6u'; // "the-gateway-password"
    const environment = Object.fromEntries(
      ([...ROLES, 'system'] as const).map((user) => [passwordVariable(user).name, `the-${user}-password`]),
    );
    await using server = await startTestServer({
      users: { shards, password: passwordVariable },
      environment: { ...environment, [passwordVariable('gateway').name]: ofGateway },
    });
    for (const role of ROLES) {
      await using connection = await connectNats({ servers: server.url, name: 'test', ...credentialsOf(role) });
      expect(connection.isUp).toBe(true);
    }
  });

  test.each([
    ['a wrong password', { user: 'gateway', password: 'wrong' }, 'user "gateway"'],
    ['no password', undefined, 'a connection without credentials'],
  ])('%s is refused at once, however long we would wait', async (_what, credentials, whom) => {
    await using server = await startTestServer({ users: { shards } });
    const wait = { world, msMax: 600_000 };
    const failure = await failureOf({ servers: server.url, wait, ...(credentials && { credentials }) });
    expect(failure).toBe(`NATS at ${server.url} refuses ${whom}: Authorization Violation`);
  });

  test('a credentials file is a user', async () => {
    await using server = await startOperatorModeServer(folder);
    const options = { servers: server.url, name: 'test', wait: { world, msMax: 30_000 } };
    await using connection = await connectNats({ ...options, credentials: { content: server.credentials } });
    expect(connection.isUp).toBe(true);
    expect(await failureOf(options)).toContain('refuses a connection without credentials');
    const broken = server.credentials.slice(0, 100);
    expect(await failureOf({ ...options, wait: { world, msMax: 0 }, credentials: { content: broken } })).toContain(
      'unable to parse credentials',
    );
  });
});

describe('waiting for servers', () => {
  test('ends when the time is up, with what could not be reached', async () => {
    const servers = [`nats://127.0.0.1:${await freePort()}`, `nats://127.0.0.1:${await freePort()}`];
    const failure = await failureOf({ servers, wait: { world, msMax: 600 } });
    expect(failure).toBe(`no NATS server could be reached within 0.6 s at ${servers.join(', ')}: connection refused`);
  });

  test('ends when one is there', async () => {
    await using server = await startTestServer();
    await server.kill();
    const connecting = connectNats({ servers: server.url, name: 'test', wait: { world, msMax: 60_000 } });
    await sleep(300);
    await server.start();
    await using connection = await connecting;
    expect(connection.isUp).toBe(true);
  });

  test('takes the one of several that is there', async () => {
    await using server = await startTestServer();
    const servers = [`nats://127.0.0.1:${await freePort()}`, server.url];
    await using connection = await connectNats({ servers, name: 'test' });
    expect(connection.isUp).toBe(true);
  });
});

async function failureOf(options: Omit<Parameters<typeof connectNats>[0], 'name'>): Promise<string> {
  const error = await connectNats({ name: 'test', ...options }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NatsUnreachable);
  return error instanceof Error ? error.message : '';
}

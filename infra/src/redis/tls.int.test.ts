// The way to Redis by TLS, with certificates on both sides and a name and password. The test's server speaks no TLS itself, so a
// small proxy stands before it that takes only those who show a certificate of the tests' own authority.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { allShards } from '@parley/domain';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeCertificates, type CertificateFiles } from '../nats/test-certificates.ts';
import { createWorld } from '../runtime/index.ts';
import { connectRedis, createLeases, type RedisOptions } from './index.ts';
import { startTestValkey, type TestValkey } from './test-servers.ts';

let server: TestValkey;
let proxy: TlsProxy;

let tls: CertificateFiles['texts'];

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-redis-tls-'));
  tls = (await writeCertificates(folder)).texts;
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  server = await startTestValkey();
  await server.admin.call('ACL', 'SETUSER', 'parley', 'on', '>secret', '~*', '&*', '+@all');
  await server.admin.config('SET', 'requirepass', 'not for parley');
  proxy = await startTlsProxy(server.port, tls);
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const known = { username: 'parley', password: 'secret' };

test('goes by TLS, with certificates on both sides and a name and password', async () => {
  using connection = await connectRedis({ ...options(), ...known, tls });
  const leases = createLeases({ connection, world: createWorld() });
  const shards = allShards(4);
  expect(await leases.acquire('delivery', 'one', { shards, countMax: 4, leaseMs: 60_000 })).toEqual(shards);
  expect(proxy.accepted()).toBe(1);
});

test('takes them out of the URL, too', async () => {
  const urls = [proxy.url.replace('rediss://', 'rediss://parley:secret@')];
  using connection = await connectRedis({ ...options(), urls, tls });
  expect(await connection.client.ping()).toBe('PONG');
});

test.each([
  [
    'a server whose authority it does not know',
    () => ({ ...known, tls: { cert: tls.cert, key: tls.key } }),
    /certificate/,
  ],
  ['a server that does not know it', () => ({ ...known, tls: { ca: tls.ca } }), /./],
  ['a wrong password', () => ({ username: 'parley', password: 'wrong', tls }), /WRONGPASS/],
  ['no password', () => ({ tls }), /NOAUTH/],
])('does not come through with %s', async (_what, others, cause) => {
  const heard: string[] = [];
  const report: RedisOptions['report'] = (one) => void (one.type === 'redis-error' && heard.push(String(one.cause)));
  const connecting = connectRedis({ ...options(), ...others(), report });
  await expect(connecting).rejects.toMatchObject({ name: 'RegistryUnavailable' });
  expect(heard.join('\n')).toMatch(cause);
});

function options(): RedisOptions {
  const world = createWorld();
  // Gives up on what has not happened within two seconds.
  const schedule = (delayMs: number, task: () => void) => world.schedule(Math.min(delayMs, 2_000), task);
  return { urls: [proxy.url], world: { ...world, schedule }, report: () => undefined };
}

interface TlsProxy extends AsyncDisposable {
  readonly url: string;
  /** Connections whose certificates were good. */
  readonly accepted: () => number;
}

async function startTlsProxy(port: number, certificates: CertificateFiles['texts']): Promise<TlsProxy> {
  const sockets = new Set<TLSSocket>();
  let accepted = 0;
  const terms = { ...certificates, requestCert: true, rejectUnauthorized: true };
  const proxy = createServer(terms, (client) => {
    accepted++;
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    sockets.add(client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy()));
    upstream.on('error', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `rediss://127.0.0.1:${address.port}`,
    accepted: () => accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

// A node of its own that wants TLS, a client's certificate, and a password.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StoreUnavailable } from '@parley/projections';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCertificates, type CertificateFiles } from '../nats/test-certificates.ts';
import { openCassandra, type CassandraOptions } from './index.ts';
import { createRing, nodesOf, removeRing, type Ring } from './test-nodes.ts';

/** Cassandra makes its first role about ten seconds after it answers. */
const patient = { timeout: 120_000, interval: 500 };
const credentials = { username: 'cassandra', password: 'cassandra' };
const dataCenter = 'datacenter1';
let folder: string;
let ring: Ring;
let options: CassandraOptions;
/** Of another authority. */
let stranger: CertificateFiles['texts'];

const indented = (pem: string) => pem.trim().replaceAll('\n', '\n        ');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-certificates-'));
  const { texts: tls } = await writeCertificates(path.join(folder, 'known'));
  stranger = (await writeCertificates(path.join(folder, 'stranger'))).texts;
  ring = await createRing(
    1,
    `
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: true
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
    parameters:
      private_key: |
        ${indented(tls.key + tls.cert)}
      trusted_certificates: |
        ${indented(tls.ca)}
`,
    { authenticator: 'PasswordAuthenticator', isEncrypted: true },
  );
  await Promise.all(nodesOf(ring).map((node) => node.start()));
  options = {
    contactPoints: [`127.0.0.1:${ring.cqlPort}`],
    localDataCenter: dataCenter,
    keyspace: 'secure',
    logEpoch: 1,
    replication: { [dataCenter]: 1 },
    credentials,
    tls,
  };
});
afterAll(async () => {
  await removeRing(ring);
  await rm(folder, { recursive: true });
});

const open = async (changed: Partial<CassandraOptions>): Promise<string> => {
  try {
    await using stores = await openCassandra({ ...options, ...changed });
    await (await stores.timeline(1)).checkpoint(0 as never);
    return 'open';
  } catch (error) {
    return error instanceof StoreUnavailable ? `unavailable: ${error.message}` : String(error);
  }
};

test('opens with the right password, certificate and authority, and with no other', async () => {
  await expect.poll(() => open({}), patient).toBe('open');
  const { tls } = options;
  expect(await open({ credentials: { ...credentials, password: 'wrong' } })).toMatch(/AuthenticationError/);
  expect(await open({ tls: { ...tls, ca: stranger.ca } })).toMatch(/certificate/);
  expect(await open({ tls: { ...stranger, ca: tls?.ca ?? '' } })).toMatch(/unavailable/);
  expect(await open({ tls: { ca: tls?.ca ?? '' } })).toMatch(/unavailable/);
  const { tls: _tls, ...plain } = options;
  await expect(openCassandra(plain)).rejects.toBeInstanceOf(StoreUnavailable);
});

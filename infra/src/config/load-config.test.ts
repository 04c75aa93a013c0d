import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LIMITS } from '@parley/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, type Environment } from './load-config.ts';

function problemsOf(environment: Environment, scope: 'standalone' | 'fleet' = 'standalone'): readonly string[] {
  try {
    if (scope === 'fleet') loadConfig('fleet', environment);
    else loadConfig('standalone', environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const pem = publicKey.export({ type: 'spki', format: 'pem' });
const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }));

describe('loading the configuration', () => {
  it('has a default for all that is needed', () => {
    expect(loadConfig('standalone', {})).toEqual({
      dataDir: '.parley',
      host: '127.0.0.1',
      port: 8080,
      adminHost: '127.0.0.1',
      adminPort: 9464,
      natsServer: 'nats-server',
      natsPort: 0,
      origins: [],
      projections: [],
      rateLimits: true,
      drainMs: 10_000,
      tracesSample: 0.01,
      logLevel: 'info',
      limits: LIMITS,
    });
  });

  it('reads numbers, switches, lists and limits', () => {
    const config = loadConfig('standalone', {
      PARLEY_PORT: ' 0 ',
      PARLEY_RATE_LIMITS: 'off',
      PARLEY_ORIGINS: 'https://a.example, http://localhost:5173',
      PARLEY_LIMIT_BODY_BYTES_MAX: '1000',
      PARLEY_LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({ port: 0, rateLimits: false, logLevel: 'debug' });
    expect(config.origins).toEqual(['https://a.example', 'http://localhost:5173']);
    expect(config.limits).toEqual({ ...LIMITS, bodyBytesMax: 1000 });
  });

  it('takes an empty value for none', () => {
    expect(loadConfig('standalone', { PARLEY_PORT: '', PARLEY_JWT_SECRET: ' ' })).toEqual(loadConfig('standalone', {}));
  });

  it('names every key that is wrong and what it must be', () => {
    expect(
      problemsOf({
        PARLEY_PORT: '80a',
        PARLEY_SHARDS: '257',
        PARLEY_RATE_LIMITS: 'yes',
        PARLEY_LOG_LEVEL: 'loud',
        PARLEY_ORIGINS: 'https://a.example/path',
        PARLEY_PROJECTIONS: 'messages_per_day,other',
        PARLEY_LIMIT_SESSIONS_PER_USER_MAX: '0',
      }),
    ).toEqual([
      'PARLEY_PORT: must be a whole number from 0 to 65535',
      'PARLEY_SHARDS: must be a whole number from 1 to 256',
      'PARLEY_ORIGINS: must be https://chat.example or the like, several separated by commas',
      'PARLEY_RATE_LIMITS: must be on or off',
      'PARLEY_PROJECTIONS: must be some of messages_per_day, separated by commas',
      'PARLEY_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
      'PARLEY_LIMIT_SESSIONS_PER_USER_MAX: must be a whole number from 1 to 10000',
    ]);
  });

  it('accepts a number at its bound and refuses one beyond', () => {
    expect(problemsOf({ PARLEY_SHARDS: '256', PARLEY_PORT: '65535' })).toEqual([]);
    expect(problemsOf({ PARLEY_SHARDS: '0', PARLEY_PORT: '65536' })).toHaveLength(2);
  });

  it('reads a share of 1, and refuses what is none', () => {
    expect(loadConfig('standalone', { PARLEY_TRACES_SAMPLE: '0.25' }).tracesSample).toBe(0.25);
    for (const wrong of ['1.5', '-1', 'half', '1e9']) {
      expect(problemsOf({ PARLEY_TRACES_SAMPLE: wrong })).toEqual([
        'PARLEY_TRACES_SAMPLE: must be a number from 0 to 1',
      ]);
    }
  });

  it('refuses a misspelt key, but leaves the tests their own', () => {
    expect(problemsOf({ PARLEY_PROT: '80' })).toEqual(['PARLEY_PROT: there is no such key']);
    expect(problemsOf({ PARLEY_TEST_SEED: '1', PARLEY_NATS_CLI: '/usr/bin/nats', PATH: '/bin' })).toEqual([]);
  });

  it('takes an Ed25519 public key as PEM or JWK, and nothing else', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    expect(loadConfig('standalone', { PARLEY_JWT_PUBLIC_KEY: String(pem) }).jwtPublicKey).toBe(String(pem).trim());
    expect(loadConfig('standalone', { PARLEY_JWT_PUBLIC_KEY: jwk }).jwtPublicKey).toBe(jwk);
    const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const wrong of ['x', '{}', String(rsa), String(privatePem)]) {
      expect(problemsOf({ PARLEY_JWT_PUBLIC_KEY: wrong })).toEqual([
        'PARLEY_JWT_PUBLIC_KEY: must be an Ed25519 public key in PEM (SPKI) or as a JWK',
      ]);
    }
  });

  it('knows what a fleet shares, and that standalone has its own', () => {
    const config = loadConfig('fleet', {
      PARLEY_NATS_URL: 'nats://n1:4222, tls://n2:4222',
      PARLEY_REDIS_CLUSTER: 'on',
      PARLEY_CASSANDRA_CONTACT_POINTS: '10.0.0.1, c2.example:9043, [::1]:9042',
    });
    expect(config).toMatchObject({
      natsUrl: ['nats://n1:4222', 'tls://n2:4222'],
      natsReplicas: 3,
      redisUrl: ['redis://127.0.0.1:6379'],
      redisCluster: true,
      cassandraContactPoints: ['10.0.0.1', 'c2.example:9043', '[::1]:9042'],
    });
    expect(problemsOf({ PARLEY_NATS_URL: 'nats://n1' })).toEqual([
      'PARLEY_NATS_URL: there is no such key standalone, only in a fleet',
    ]);
    expect(problemsOf({ PARLEY_NATS_REPLICAS: '2' }, 'fleet')).toEqual([
      'PARLEY_NATS_REPLICAS: must be 1 or 3: two copies stop when either is away',
    ]);
    expect(problemsOf({ PARLEY_DATA_DIR: 'x' }, 'fleet')).toEqual([
      'PARLEY_DATA_DIR: there is no such key in a fleet, only standalone',
    ]);
    expect(problemsOf({ PARLEY_NATS_URL: 'http://n1', PARLEY_CASSANDRA_CONTACT_POINTS: 'a b' }, 'fleet')).toEqual([
      'PARLEY_NATS_URL: must be nats://127.0.0.1:4222 or the like, several separated by commas',
      'PARLEY_CASSANDRA_CONTACT_POINTS: must be 127.0.0.1:9042 or the like, several separated by commas',
    ]);
  });

  it('never repeats a secret in an error', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET: 'hunter2' }).join()).toMatch(/^PARLEY_JWT_SECRET: must (?!.*hunter2)/);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig('standalone', { PARLEY_ORIGINS: 'https://a.example' });
    expect([config, config.limits, config.origins].every((part) => Object.isFrozen(part))).toBe(true);
  });
});

describe('a value in a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'parley-config-'));
  const file = path.join(folder, 'secret');
  afterAll(() => rmSync(folder, { recursive: true }));
  const secret = 'a secret of at least thirty-two bytes';

  it('is as good as one in the environment, without the end of its line', () => {
    writeFileSync(file, `${secret}\n`);
    expect(loadConfig('standalone', { PARLEY_JWT_SECRET_FILE: file }).jwtSecret).toBe(secret);
    expect(loadConfig('fleet', { PARLEY_REDIS_PASSWORD_FILE: file }).redisPassword).toBe(secret);
  });

  it('is checked as any other, and never repeated', () => {
    writeFileSync(file, 'hunter2');
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: file }).join()).toMatch(/^PARLEY_JWT_SECRET: must (?!.*hunter2)/);
  });

  it('has to be there, small, and the only one', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: path.join(folder, 'none') })).toEqual([
      'PARLEY_JWT_SECRET_FILE: the file cannot be read (ENOENT)',
    ]);
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: file, PARLEY_JWT_SECRET: secret })).toEqual([
      'PARLEY_JWT_SECRET and PARLEY_JWT_SECRET_FILE: only one of them',
    ]);
    writeFileSync(file, 'x'.repeat(1024 * 1024 + 1));
    expect(problemsOf({ PARLEY_JWT_SECRET_FILE: file })).toEqual([
      'PARLEY_JWT_SECRET_FILE: the file is larger than 1048576 bytes',
    ]);
  });

  it('of no such key is refused', () => {
    expect(problemsOf({ PARLEY_PROT_FILE: file })).toEqual(['PARLEY_PROT_FILE: there is no such key']);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { LIMITS } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, type Environment } from './load-config.ts';

function problemsOf(environment: Environment): readonly string[] {
  try {
    loadConfig(environment);
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
    expect(loadConfig({})).toEqual({
      dataDir: '.parley',
      host: '127.0.0.1',
      port: 8080,
      adminPort: 9464,
      shards: 16,
      natsServer: 'nats-server',
      natsPort: 0,
      origins: [],
      rateLimits: true,
      devTokens: true,
      drainMs: 10_000,
      logLevel: 'info',
      limits: LIMITS,
    });
  });

  it('reads numbers, switches, lists and limits', () => {
    const config = loadConfig({
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
    expect(loadConfig({ PARLEY_PORT: '', PARLEY_JWT_SECRET: ' ' })).toEqual(loadConfig({}));
  });

  it('names every key that is wrong and what it must be', () => {
    expect(
      problemsOf({
        PARLEY_PORT: '80a',
        PARLEY_SHARDS: '257',
        PARLEY_RATE_LIMITS: 'yes',
        PARLEY_LOG_LEVEL: 'loud',
        PARLEY_ORIGINS: 'https://a.example/path',
        PARLEY_LIMIT_SESSIONS_PER_USER_MAX: '0',
      }),
    ).toEqual([
      'PARLEY_PORT: must be a whole number from 0 to 65535',
      'PARLEY_SHARDS: must be a whole number from 1 to 256',
      'PARLEY_ORIGINS: must be origins like https://chat.example, separated by commas',
      'PARLEY_RATE_LIMITS: must be on or off',
      'PARLEY_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
      'PARLEY_LIMIT_SESSIONS_PER_USER_MAX: must be a whole number from 1 to 10000',
    ]);
  });

  it('accepts a number at its bound and refuses one beyond', () => {
    expect(problemsOf({ PARLEY_SHARDS: '256', PARLEY_PORT: '65535' })).toEqual([]);
    expect(problemsOf({ PARLEY_SHARDS: '0', PARLEY_PORT: '65536' })).toHaveLength(2);
  });

  it('refuses a misspelt key, but leaves the tests their own', () => {
    expect(problemsOf({ PARLEY_PROT: '80' })).toEqual(['PARLEY_PROT: there is no such key']);
    expect(problemsOf({ PARLEY_TEST_SEED: '1', PARLEY_NATS_CLI: '/usr/bin/nats', PATH: '/bin' })).toEqual([]);
  });

  it('takes an Ed25519 public key as PEM or JWK, and nothing else', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    expect(loadConfig({ PARLEY_JWT_PUBLIC_KEY: String(pem) }).jwtPublicKey).toBe(String(pem).trim());
    expect(loadConfig({ PARLEY_JWT_PUBLIC_KEY: jwk }).jwtPublicKey).toBe(jwk);
    const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const wrong of ['x', '{}', String(rsa), String(privatePem)]) {
      expect(problemsOf({ PARLEY_JWT_PUBLIC_KEY: wrong })).toEqual([
        'PARLEY_JWT_PUBLIC_KEY: must be an Ed25519 public key in PEM (SPKI) or as a JWK',
      ]);
    }
  });

  it('never repeats a secret in an error', () => {
    expect(problemsOf({ PARLEY_JWT_SECRET: 'hunter2' }).join()).toMatch(/^PARLEY_JWT_SECRET: must (?!.*hunter2)/);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({ PARLEY_ORIGINS: 'https://a.example' });
    expect([config, config.limits, config.origins].every((part) => Object.isFrozen(part))).toBe(true);
  });
});

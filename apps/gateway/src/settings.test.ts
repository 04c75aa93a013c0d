import { loadConfig } from '@parley/infra/config';
import { generateKeyPair, exportSPKI } from 'jose';
import { expect, it } from 'vitest';
import { gatewaySettings } from './settings.ts';

const settingsOf = (environment: Record<string, string>) =>
  gatewaySettings(loadConfig('fleet', environment), { logEpoch: 1, devTokens: false });

it('believes whom the configuration names, and nobody else', async () => {
  const { publicKey } = await generateKeyPair('Ed25519', { extractable: true });
  const jwt = {
    secret: 'a secret of at least thirty-two bytes',
    publicKey: (await exportSPKI(publicKey)).trim(),
    jwksUrl: 'https://id.example/jwks.json',
  };
  const all = await settingsOf({
    PARLEY_JWT_SECRET: jwt.secret,
    PARLEY_JWT_PUBLIC_KEY: jwt.publicKey,
    PARLEY_JWKS_URL: jwt.jwksUrl,
  });
  expect(all.jwt).toEqual(jwt);
  expect((await settingsOf({ PARLEY_JWKS_URL: jwt.jwksUrl })).jwt).toEqual({ jwksUrl: jwt.jwksUrl });
  expect((await settingsOf({})).jwt).toEqual({});
});

it('issues tokens for anyone only where that is asked for, and there is a secret', async () => {
  const secret = { PARLEY_JWT_SECRET: 'a secret of at least thirty-two bytes' };
  expect((await settingsOf(secret)).devTokens).toBeUndefined();
  expect((await settingsOf({ ...secret, PARLEY_DEV_TOKENS: 'on' })).devTokens).toBeDefined();
  expect((await settingsOf({ PARLEY_DEV_TOKENS: 'on' })).devTokens).toBeUndefined();
});

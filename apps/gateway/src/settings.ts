// From a process's configuration to this gateway's: whose tokens it believes, its limits, its page.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '@parley/infra/config';
import { SignJWT } from 'jose';
import type { GatewayConfig } from './dependencies.ts';

const devTokenLifetime = '30d';

export interface GatewaySettings {
  readonly logEpoch: number;
  /** Where nothing else says so: whether anyone on this machine may have a token for any user. */
  readonly devTokens: boolean;
}

export async function gatewaySettings(
  config: Config,
  { logEpoch, devTokens }: GatewaySettings,
): Promise<GatewayConfig> {
  const { host, port, origins, rateLimits, drainMs, limits, jwtSecret, jwtPublicKey, jwksUrl } = config;
  return {
    host,
    port,
    logEpoch,
    origins,
    rateLimits,
    drainMs,
    limits,
    jwt: {
      ...(jwtSecret === undefined ? {} : { secret: jwtSecret }),
      ...(jwtPublicKey === undefined ? {} : { publicKey: jwtPublicKey }),
      ...(jwksUrl === undefined ? {} : { jwksUrl }),
    },
    page: {
      contentType: 'text/html; charset=utf-8',
      body: await readFile(path.join(import.meta.dirname, 'page', 'index.html')),
    },
    ...((config.devTokens ?? devTokens) && jwtSecret !== undefined ? { devTokens: devTokensBy(jwtSecret) } : {}),
  };
}

/** Signed with the secret that the gateway checks against: a token for anyone, for people on this machine. */
function devTokensBy(secret: string): NonNullable<GatewayConfig['devTokens']> {
  const key = new TextEncoder().encode(secret);
  return {
    issueToken: (userId) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setExpirationTime(devTokenLifetime)
        .sign(key),
  };
}

// What this process's gateway is told: its keys, its limits, and what only one machine for one person offers.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { GatewayConfig } from '@parley/gateway';
import { keptSecret, type Config } from '@parley/infra/config';
import { SignJWT } from 'jose';

const devTokenLifetime = '30d';

export async function gatewayConfig(config: Config, logEpoch: number): Promise<GatewayConfig> {
  const { host, port, origins, rateLimits, drainMs, limits, jwtPublicKey } = config;
  const secret = config.jwtSecret ?? (jwtPublicKey === undefined ? await keptSecret(config.dataDir) : undefined);
  return {
    host,
    port,
    logEpoch,
    origins,
    rateLimits,
    drainMs,
    limits,
    jwt: {
      ...(secret === undefined ? {} : { secret }),
      ...(jwtPublicKey === undefined ? {} : { publicKey: jwtPublicKey }),
    },
    page: {
      contentType: 'text/html; charset=utf-8',
      body: await readFile(path.join(import.meta.dirname, 'page', 'index.html')),
    },
    ...(config.devTokens && secret !== undefined ? { devTokens: devTokens(secret) } : {}),
  };
}

/** Signed with the secret that the gateway checks against: a token for anyone, for people on this machine. */
function devTokens(secret: string): NonNullable<GatewayConfig['devTokens']> {
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

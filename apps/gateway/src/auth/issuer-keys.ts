// The public keys of the tokens' issuer: fetched from its JWKS (RFC 7517), kept, and looked at again when they may have
// changed. Not jose's own remote set: while an issuer is away that one forgets its keys, and asks again for every token.
import type { World } from '@parley/domain';
import { createLocalJWKSet, errors, type CryptoKey, type JWTVerifyGetKey, type LocalJWKSet } from 'jose';
import type { GatewayLogger } from '../dependencies.ts';
import { every } from '../every.ts';
import { inBackground } from '../failures.ts';
import { IssuerUnavailable } from './issuer-unavailable.ts';
import { fetchKeySet } from './key-set.ts';

export interface IssuerKeys extends Disposable {
  /** Rejects with IssuerUnavailable, or as jose does when the issuer has no such key. */
  readonly keyOf: (...asked: Parameters<JWTVerifyGetKey>) => Promise<CryptoKey>;
}

export interface IssuerKeysOptions {
  readonly url: URL;
  readonly world: World;
  readonly logger: GatewayLogger;
}

/** A key that the issuer took away is believed for so long, and while the issuer is away. */
export const refreshMs = 300_000;
/** How often at most tokens with keys we do not know make us ask the issuer. */
export const coolDownMs = 5_000;

/** Asks for the keys at once, and does not wait for them: an issuer that is away keeps no gateway from starting. */
export function createIssuerKeys({ url, world, logger }: IssuerKeysOptions): IssuerKeys {
  let keys: LocalJWKSet | undefined;
  let isAway = true;
  /** When a token made us ask: looks of our own leave it alone, so that the first new key is found at once. */
  let askedTs = -Infinity;
  let fetching: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    try {
      keys = createLocalJWKSet(await fetchKeySet(url));
      isAway = false;
    } catch (error) {
      isAway = true;
      logger.warn({ err: error }, "the keys of the tokens' issuer cannot be had: those known hold");
    }
  }

  const refresh = (): Promise<void> =>
    (fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    }));

  /** How long until a token may make us ask. A clock that was set back ends the cool-down, too. */
  const coolingMs = (): number => Math.max(0, coolDownMs - Math.abs(world.now() - askedTs));

  /** For a key we do not know. Whoever comes while we ask waits for the same answer. */
  async function askAgain(): Promise<void> {
    if (!fetching && coolingMs() > 0) return;
    if (!fetching) askedTs = world.now();
    await refresh();
  }

  async function find(...[header, token]: Parameters<JWTVerifyGetKey>): Promise<CryptoKey | undefined> {
    try {
      return await keys?.(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error; // several would fit, or the key is none
    }
  }

  async function keyOf(...asked: Parameters<JWTVerifyGetKey>): Promise<CryptoKey> {
    const known = await find(...asked);
    if (known) return known;
    await askAgain();
    const found = await find(...asked);
    if (found) return found;
    if (isAway) throw new IssuerUnavailable(coolingMs());
    throw new errors.JWKSNoMatchingKey();
  }

  inBackground(logger, refresh(), 'the first look at a JWKS');
  const refreshing = every(world, refreshMs, refresh);
  return { keyOf, [Symbol.dispose]: () => refreshing[Symbol.dispose]() };
}

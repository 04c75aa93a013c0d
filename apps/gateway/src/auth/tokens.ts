// Access tokens: a JWT's signature, its times, and whose it is. Who issues them is not our business.
import { parseUserId, type TimestampMs, type UserId, type World } from '@parley/domain';
import {
  importJWK,
  importSPKI,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import type { GatewayLogger } from '../dependencies.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import { IssuerUnavailable } from './issuer-unavailable.ts';
import type { JwtConfig } from './jwt-config.ts';

export interface Identity {
  readonly userId: UserId;
  /** NEVER for a token without `exp`. */
  readonly tokenExpTs: TimestampMs;
}

/** The last instant a Date can name: what a client computes from it stays a number. */
const NEVER: TimestampMs = 8_640_000_000_000_000;

export interface TokenVerifier {
  /**
   * Undefined for whatever is wrong with it: a stranger learns nothing from the difference. Rejects with IssuerUnavailable
   * when nobody can tell now.
   */
  verify(token: string): Promise<Identity | undefined>;
}

export interface TokenVerifierOptions {
  readonly jwt: JwtConfig;
  readonly tokenBytesMax: number;
  readonly world: World;
  readonly logger: GatewayLogger;
}

/** Throws when nobody is named whose tokens to believe. */
export async function createTokenVerifier(options: TokenVerifierOptions): Promise<TokenVerifier & Disposable> {
  const { jwt, tokenBytesMax, world } = options;
  const keys = await configuredKeys(jwt);
  const issuerKeys = issuerKeysOf(options);
  if (issuerKeys)
    for (const algorithm of issuerAlgorithms) keys.set(algorithm, keys.get(algorithm) ?? issuerKeys.keyOf);
  if (keys.size === 0) throw new TypeError(noIssuer);
  const checks: JWTVerifyOptions = { ...claimsOf(jwt), algorithms: [...keys.keys()], clockTolerance: leewaySeconds };

  /** Each algorithm has its own keys, so that no public key is ever taken for a secret (RFC 8725 §3.1). */
  const keyFor: JWTVerifyGetKey = async (header, token) => {
    const keyOf = keys.get(header.alg);
    if (keyOf === undefined) throw new TypeError(`no key for ${header.alg}`);
    return keyOf(header, token);
  };

  return {
    async verify(token) {
      if (token.length === 0 || token.length > tokenBytesMax) return undefined;
      try {
        const { payload } = await jwtVerify(token, keyFor, { ...checks, currentDate: new Date(world.now()) });
        return identityOf(payload, world.now());
      } catch (error) {
        if (error instanceof IssuerUnavailable) throw error;
        return undefined; // every other way to fail is one answer: 401
      }
    },
    [Symbol.dispose]: () => issuerKeys?.[Symbol.dispose](),
  };
}

const noIssuer =
  'nobody is named whose access tokens to believe: set PARLEY_JWT_SECRET, PARLEY_JWT_PUBLIC_KEY or PARLEY_JWKS_URL (docs/tokens.md)';

/** So far the issuer's clock may be ahead of ours, or a token that it has just made would not hold yet. */
const leewaySeconds = 5;

/** The leeway is for `nbf`: a socket is closed at `exp`, and must not be opened after it. */
function identityOf({ sub = '', exp }: JWTPayload, now: TimestampMs): Identity | undefined {
  const userId = parseUserId(sub);
  const tokenExpTs = exp === undefined ? NEVER : Math.min(NEVER, Math.floor(exp * 1000));
  return userId === undefined || tokenExpTs <= now ? undefined : { userId, tokenExpTs };
}

const claimsOf = ({ issuer, audience }: JwtConfig): JWTVerifyOptions => ({
  ...(issuer === undefined ? {} : { issuer }),
  ...(audience === undefined ? {} : { audience }),
});

/** Those we take from a JWKS: nothing symmetric, and one curve or hash of each kind. RFC 9864 calls EdDSA `Ed25519`. */
const issuerAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

function issuerKeysOf({ jwt, world, logger }: TokenVerifierOptions): IssuerKeys | undefined {
  if (jwt.jwksUrl === undefined) return undefined;
  if (!URL.canParse(jwt.jwksUrl)) throw new TypeError('PARLEY_JWKS_URL: must be a URL');
  return createIssuerKeys({ url: new URL(jwt.jwksUrl), world, logger });
}

async function configuredKeys({ secret, publicKey }: JwtConfig): Promise<Map<string, JWTVerifyGetKey>> {
  const keys = new Map<string, JWTVerifyGetKey>();
  if (secret !== undefined) keys.set('HS256', always(new TextEncoder().encode(secret)));
  if (publicKey !== undefined) {
    const key = always(await importPublicKey(publicKey));
    // RFC 9864 names the curve where RFC 8037 named the family; both are the same signature.
    keys.set('EdDSA', key).set('Ed25519', key);
  }
  return keys;
}

type VerificationKey = CryptoKey | Uint8Array;

const always =
  (key: VerificationKey): JWTVerifyGetKey =>
  () =>
    key;

const importPublicKey = (text: string): Promise<VerificationKey> =>
  text.trimStart().startsWith('{') ? importJWK(JSON.parse(text), 'EdDSA') : importSPKI(text, 'EdDSA');

// Access tokens: a JWT's signature, its times, and whose it is. Who issues them is not our business.
import { parseUserId, type TimestampMs, type UserId, type World } from '@parley/domain';
import { importJWK, importSPKI, jwtVerify, type CryptoKey, type JWTHeaderParameters } from 'jose';

/** At least one of them. */
export interface JwtConfig {
  /** HS256. */
  readonly secret?: string;
  /** EdDSA (Ed25519): SPKI in PEM, or a JWK as JSON. */
  readonly publicKey?: string;
}

export interface Identity {
  readonly userId: UserId;
  /** NEVER for a token without `exp`. */
  readonly tokenExpTs: TimestampMs;
}

/** The last instant a Date can name: what a client computes from it stays a number. */
const NEVER: TimestampMs = 8_640_000_000_000_000;

export interface TokenVerifier {
  /** Undefined for whatever is wrong with it: a stranger learns nothing from the difference. */
  verify(token: string): Promise<Identity | undefined>;
}

export interface TokenVerifierOptions {
  readonly jwt: JwtConfig;
  readonly tokenBytesMax: number;
  readonly world: Pick<World, 'now'>;
}

type VerificationKey = CryptoKey | Uint8Array;

export async function createTokenVerifier({ jwt, tokenBytesMax, world }: TokenVerifierOptions): Promise<TokenVerifier> {
  const keys = await keysByAlgorithm(jwt);
  if (keys.size === 0) throw new TypeError('jwt: a secret or a public key is required');
  const algorithms = [...keys.keys()];

  /** Each algorithm has its own key, so that no public key is ever taken for a secret (RFC 8725 §3.1). */
  function keyFor({ alg }: JWTHeaderParameters): VerificationKey {
    const key = keys.get(alg);
    if (key === undefined) throw new TypeError(`no key for ${alg}`);
    return key;
  }

  return {
    async verify(token) {
      if (token.length === 0 || token.length > tokenBytesMax) return undefined;
      try {
        const { payload } = await jwtVerify(token, keyFor, { algorithms, currentDate: new Date(world.now()) });
        const userId = parseUserId(payload.sub ?? '');
        const tokenExpTs = payload.exp === undefined ? NEVER : payload.exp * 1000;
        return userId === undefined ? undefined : { userId, tokenExpTs };
      } catch {
        return undefined; // every way to fail is one answer: 401
      }
    },
  };
}

async function keysByAlgorithm({ secret, publicKey }: JwtConfig): Promise<ReadonlyMap<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>();
  if (secret !== undefined) keys.set('HS256', new TextEncoder().encode(secret));
  if (publicKey !== undefined) {
    const key = await importPublicKey(publicKey);
    // RFC 9864 names the curve where RFC 8037 named the family; both are the same signature.
    keys.set('EdDSA', key).set('Ed25519', key);
  }
  return keys;
}

const importPublicKey = (text: string): Promise<VerificationKey> =>
  text.trimStart().startsWith('{') ? importJWK(JSON.parse(text), 'EdDSA') : importSPKI(text, 'EdDSA');

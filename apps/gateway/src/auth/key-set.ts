// One look at an issuer's JWKS, bounded in time and size: what it serves is believed only as far as that.
import type { JSONWebKeySet } from 'jose';

/** From the request to the last byte of the answer. */
const fetchMsMax = 3_000;
/** Some hundred keys, or a dozen with certificates. */
export const keySetBytesMax = 256 * 1024;

/** Rejects when there is no key in it: an issuer that lost its keys has not taken them away. What is in them jose checks. */
export async function fetchKeySet(url: URL): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(fetchMsMax);
  const headers = { accept: 'application/jwk-set+json, application/json' };
  // A redirect would let whoever answers name another issuer.
  const response = await fetch(url, { redirect: 'error', signal, headers });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`JWKS: the issuer answered ${response.status}`);
  }
  const keySet: unknown = JSON.parse(await readText(response));
  if (!isKeySet(keySet) || keySet.keys.length === 0) throw new Error('JWKS: the issuer answered no set of keys');
  return keySet;
}

/** The standard's stream is iterable, and its type does not say of what. */
const chunksOf = ({ body }: Response): AsyncIterable<Uint8Array> | readonly Uint8Array[] => body ?? [];

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(response)) {
    bytes += chunk.byteLength;
    if (bytes > keySetBytesMax) throw new Error(`JWKS: the issuer answered more than ${keySetBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);

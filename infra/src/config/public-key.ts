// Whether a text is a key that EdDSA tokens can be checked with.
import { createPublicKey, type KeyObject } from 'node:crypto';

export function isEd25519PublicKey(text: string): boolean {
  return readKey(text)?.asymmetricKeyType === 'ed25519' && !holdsPrivateKey(text);
}

function readKey(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith('{')
      ? createPublicKey({ key: readJson(text), format: 'jwk' })
      : createPublicKey({ key: text, format: 'pem' });
  } catch {
    return undefined; // every way to be no key is one answer
  }
}

const readJson = (text: string): Record<string, string> => JSON.parse(text) as Record<string, string>;

/** A private key would do, too; but whoever put it here should hear of it. */
const holdsPrivateKey = (text: string): boolean => text.includes('PRIVATE KEY') || /"d"\s*:/.test(text);

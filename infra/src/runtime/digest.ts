// Hashes: what the domain is handed as `Digest`.
import { hash } from 'node:crypto';
import type { Digest } from '@parley/domain';

const digestBytes = 16;

/** The first 128 bits of SHA-256, base64url: 22 characters that may stand in a subject and a key. */
export const digest: Digest = (text) => hash('sha256', text, 'buffer').subarray(0, digestBytes).toString('base64url');

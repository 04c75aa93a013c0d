import { parseConversationId } from '@parley/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from './digest.ts';

describe('the digest', () => {
  // These may never change: ids of conversations and keys of retries are made of it.
  it.each([
    ['', '47DEQpj8HBSa-_TImW-5JA'],
    ['abc', 'ungWv48Bz-pBQUDeXa4iIw'],
  ])('of %j is the first 128 bits of its SHA-256, for ever', (text, expected) => {
    expect(digest(text)).toBe(expected);
  });

  it('may stand in a subject and in a key, whatever it was made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(digest(text)).toMatch(/^[A-Za-z0-9_-]{22}$/);
        expect(parseConversationId(`d_${digest(text)}`)).toBeDefined();
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allShards,
  directConversationId,
  groupConversationId,
  newGroupConversationId,
  parseClientMessageId,
  parseConversationId,
  parsePosition,
  parseUserId,
  position,
  shardOf,
  uuidV7TimestampMs,
  type ClientMessageId,
  type ConversationId,
} from './ids.ts';
import { alice, bob, clientId, userId } from './testing/facts.ts';

describe('ids that reach a subject or a key', () => {
  it('have 1 to 64 letters, digits, dashes and underscores', () => {
    for (const text of ['a', 'A-z_09', '__proto__', '-', 'x'.repeat(64)]) {
      expect(parseUserId(text)).toBe(text);
      expect(parseConversationId(text)).toBe(text);
    }
  });

  it('have no user called me: that is whoever asks', () => {
    expect(parseUserId('me')).toBeUndefined();
    expect(parseUserId('Me')).toBe('Me');
  });

  it.each(['', 'x'.repeat(65), 'a.b', '*', '>', 'a b', 'a\n', 'é', 'a\0', 'a/b', 'a:b'])('are never %j', (text) => {
    expect(parseUserId(text)).toBeUndefined();
    expect(parseConversationId(text)).toBeUndefined();
  });
});

describe('client message ids', () => {
  it('are UUIDs, spelled in one way', () => {
    const id = '018BCFE5-6800-7ABC-9DEF-0123456789AB';
    expect(parseClientMessageId(id)).toBe(id.toLowerCase());
    expect(parseClientMessageId('f47ac10b-58cc-4372-a567-0e02b2c3d479')).toBe('f47ac10b-58cc-4372-a567-0e02b2c3d479');
  });

  it.each([
    '',
    '018bcfe5-6800-7abc-9def-0123456789a',
    '018bcfe5-6800-7abc-9def-0123456789abc',
    '018bcfe568007abc9def0123456789ab',
    '018bcfe5-6800-7abc-cdef-0123456789ab',
    ' 18bcfe5-6800-7abc-9def-0123456789ab',
    '018bcfe5-6800-7abc-9def-0123456789ag',
  ])('are never %j', (text) => {
    expect(parseClientMessageId(text)).toBeUndefined();
  });

  it('tell when they were minted if they are of version 7, and only then', () => {
    // The example of RFC 9562, appendix A.6.
    expect(uuidV7TimestampMs('017f22e2-79b0-7cc3-98c4-dc0c0c07398f' as ClientMessageId)).toBe(0x017f22e279b0);
    expect(uuidV7TimestampMs('f47ac10b-58cc-4372-a567-0e02b2c3d479' as ClientMessageId)).toBeUndefined();
    fc.assert(fc.property(fc.nat({ max: 2 ** 48 - 1 }), (ts) => uuidV7TimestampMs(clientId(ts)) === ts));
  });
});

describe('positions on the wire', () => {
  it('are decimal strings without decoration', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => parsePosition(String(value)) === value));
  });

  it.each(['', '-1', '+1', '01', '1.0', '1e3', ' 1', '0x1', '9007199254740992', '99999999999999999', 'NaN'])(
    'are never %j',
    (text) => expect(parsePosition(text)).toBeUndefined(),
  );

  it('are whole and safe when they come from a trusted source', () => {
    expect(position(0)).toBe(0);
    expect(position(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    for (const value of [-1, 0.5, NaN, Infinity, Number.MAX_SAFE_INTEGER + 1]) {
      expect(() => position(value)).toThrow(RangeError);
    }
  });
});

describe('conversation ids', () => {
  const digest = (text: string): string => `<${text}>`;

  it('are the same for a direct chat whoever opens it, and another for every other pair', () => {
    expect(directConversationId(alice, bob, digest)).toBe(directConversationId(bob, alice, digest));
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,3}$/).map(userId);
    fc.assert(
      fc.property(fc.tuple(name, name), fc.tuple(name, name), ([a, b], [c, d]) => {
        const isSamePair = (a === c && b === d) || (a === d && b === c);
        expect(directConversationId(a, b, digest) === directConversationId(c, d, digest)).toBe(isSamePair);
      }),
    );
  });

  it('are the same for a group of the same creator and key only', () => {
    const id = groupConversationId(alice, 'key', digest);
    expect(groupConversationId(alice, 'key', digest)).toBe(id);
    expect(groupConversationId(bob, 'key', digest)).not.toBe(id);
    expect(groupConversationId(alice, 'other', digest)).not.toBe(id);
    expect(groupConversationId(userId('a'), 'b:c', digest)).not.toBe(groupConversationId(userId('b'), 'c', digest));
  });

  it('keep direct chats, keyed groups and others apart', () => {
    expect(directConversationId(alice, bob, digest)).toMatch(/^d_/);
    expect(groupConversationId(alice, 'key', digest)).toMatch(/^g_/);
    expect(newGroupConversationId('018bcfe5-6800-7abc-9def-0123456789ab')).toBe(
      'g_018bcfe5-6800-7abc-9def-0123456789ab',
    );
  });
});

describe('the shard of a conversation', () => {
  // These may never change: conversations would lose their logs.
  it.each([
    ['a', 16, 0xe40c292c % 16],
    ['foobar', 64, 0xbf9cf968 % 64],
    ['g_1', 16, 14],
    ['g_1', 64, 30],
    ['d_AbCdEfGhIjKlMnOpQrStUv', 16, 3],
    ['d_AbCdEfGhIjKlMnOpQrStUv', 64, 35],
  ])('of %s among %i is %i for ever', (id, shards, shard) => {
    expect(shardOf(id as ConversationId, shards)).toBe(shard);
  });

  it('is one of the shards, and the only one where there is one', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 256 }), (id, shards) => {
        expect(allShards(shards)).toContain(shardOf(id as ConversationId, shards));
        expect(shardOf(id as ConversationId, 1)).toBe(0);
      }),
    );
  });

  it('is each one about equally often', () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) {
      const shard = shardOf(newGroupConversationId(clientId(1_700_000_000_000 + i * 7, i)), 16);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});

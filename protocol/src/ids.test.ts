import {
  parseClientMessageId,
  parseConversationId,
  parsePosition,
  position,
  type ConversationId,
} from '@parley/domain';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import {
  ClientMessageIdSchema,
  ConversationIdSchema,
  mapToPositions,
  PositionSchema,
  positionsToMap,
  textToPosition,
  UserIdSchema,
} from './ids.ts';

const conversationId = Compile(ConversationIdSchema);
const clientMessageId = Compile(ClientMessageIdSchema);
const positionText = Compile(PositionSchema);

test('an id has 1 to 64 characters, none of them a dot, a space or a wildcard', () => {
  for (const check of [conversationId, Compile(UserIdSchema)]) {
    expect(check.Check('a'.repeat(64))).toBe(true);
    expect(check.Check('a'.repeat(65))).toBe(false);
    for (const wrong of ['', 'a.b', 'a b', '*', '>', 'a\n', 'ä']) expect(check.Check(wrong), wrong).toBe(false);
  }
});

test('a position is at most 2^53 - 1, without leading zeros', () => {
  expect(positionText.Check('9007199254740991')).toBe(true);
  expect(positionText.Check('9007199254740992')).toBe(false);
  expect(positionText.Check('0')).toBe(true);
  for (const wrong of ['', '-1', '01', '1.5', '1e3', ' 1', '1\n', 1])
    expect(positionText.Check(wrong), `${wrong}`).toBe(false);
});

test('the schemas allow exactly what the domain allows', () => {
  const near = fc.oneof(
    fc.string({ maxLength: 70 }),
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.maxSafeNat().map(String),
    fc.stringMatching(/^[A-Za-z0-9_-]{0,66}$/),
    fc.stringMatching(/^[0-9]{0,18}$/),
    fc.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  );
  fc.assert(
    fc.property(near, (text) => {
      expect(conversationId.Check(text)).toBe(parseConversationId(text) !== undefined);
      expect(clientMessageId.Check(text)).toBe(parseClientMessageId(text) !== undefined);
      expect(positionText.Check(text)).toBe(parsePosition(text) !== undefined);
    }),
    { numRuns: 2000 },
  );
});

test('positions go to the wire and back, under any key', () => {
  const key = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.constantFrom('__proto__', 'constructor'));
  const entries = fc.uniqueArray(fc.tuple(key, fc.maxSafeNat()), { selector: ([id]) => id });
  fc.assert(
    fc.property(entries, (pairs) => {
      const map = new Map(pairs.map(([id, value]) => [id as ConversationId, position(value)]));
      expect(positionsToMap(JSON.parse(JSON.stringify(mapToPositions(map))))).toEqual(map);
    }),
  );
});

test('a checked position has a number', () => {
  const text: unknown = '42';
  if (!positionText.Check(text)) throw new Error('42 is a position');
  expect(textToPosition(text)).toBe(42);
});

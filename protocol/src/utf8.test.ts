import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8ByteLength, utf8BytesExceed } from './utf8.ts';

// The first and last characters of each length, and halves of pairs: chance alone seldom finds them.
const edges = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
const halves = ['\ud800', '\udbff', '\udc00', '\udfff'];

const anyText = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom(...edges, ...halves)),
});

test('counts the bytes that an encoder makes, lone surrogates too', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(utf8ByteLength(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

test('says for every limit whether the bytes exceed it', () => {
  fc.assert(
    fc.property(anyText, fc.nat(40), (text, bytesMax) => {
      expect(utf8BytesExceed(text, bytesMax)).toBe(new TextEncoder().encode(text).length > bytesMax);
    }),
  );
});

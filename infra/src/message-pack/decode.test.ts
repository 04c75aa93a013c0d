import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactDecoder } from './decode.ts';

const mark = '\u{feff}';
const decode = exactDecoder();

test.each([1, 60, 200, 201, 5_000])('a text of %d characters keeps a byte order mark at its front', (length) => {
  const said = { body: mark + 'x'.repeat(length), others: [`${mark}short`, { deep: `${mark}ä€😀`.repeat(100) }] };
  expect(decode(encode(said))).toEqual(said);
});

test('whatever JSON can say comes back as it was, with marks anywhere', () => {
  const text = fc.string({ unit: fc.constantFrom('x', 'ä', '😀', mark), maxLength: 300 });
  const value = fc.record({ text, list: fc.array(fc.oneof(text, fc.integer(), fc.constant(null), fc.boolean())) });
  fc.assert(
    fc.property(value, (said) => {
      expect(decode(encode(said))).toEqual(said);
    }),
  );
});

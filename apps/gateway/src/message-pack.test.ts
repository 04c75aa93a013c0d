import { encode, ExtData } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessagePack, encodeMessagePack } from './message-pack.ts';

const bufferOf = (bytes: Iterable<number>): ArrayBuffer => new Uint8Array(bytes).buffer;

describe('a frame in MessagePack', () => {
  it('comes back as it would from JSON', () => {
    const key = fc.string({ unit: 'binary', maxLength: 8 });
    const jsonObject = fc
      .dictionary(key, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 })
      .filter((frame) => !JSON.stringify(frame).includes('__proto__'));
    fc.assert(
      fc.property(jsonObject, (frame) => {
        const there = JSON.parse(JSON.stringify(frame));
        expect(decodeMessagePack(bufferOf(encodeMessagePack(there)))).toEqual(there);
      }),
    );
  });

  it('keeps a byte order mark before a long text', () => {
    const frame = { body: `\u{feff}${'x'.repeat(300)}` };
    expect(decodeMessagePack(bufferOf(encodeMessagePack(frame)))).toEqual(frame);
  });

  it('leaves out what has no value', () => {
    expect(decodeMessagePack(bufferOf(encodeMessagePack({ a: 1, b: undefined })))).toEqual({ a: 1 });
  });

  it.each([
    ['nothing', []],
    ['a map that ends early', [0x82, 0xa1, 0x61, 0x01]],
    ['something behind the value', [0x80, 0x00]],
    ['a map with numbers for keys', [0x81, 0x01, 0x01]],
    ['a map with a map for a key', [0x81, 0x80, 0x01]],
    ['the key __proto__', encode(JSON.parse('{"__proto__":1}'))],
    ['binary data', encode({ type: new Uint8Array(3) })],
    ['a time stamp', encode({ type: new Date(0) })],
    ['an extension', encode({ type: new ExtData(7, new Uint8Array(2)) })],
    ['a byte that means nothing', [0xc1]],
    ['an array that claims four thousand million', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a string that claims four thousand million', [0xdb, 0xff, 0xff, 0xff, 0xff]],
  ])('is refused as %s', (_, bytes) => {
    expect(() => decodeMessagePack(bufferOf(bytes))).toThrow(/./);
  });

  it('is refused before nested claims cost memory', () => {
    const claim = [0xdd, 0, 0, 0xff, 0x00];
    const bytes = bufferOf(Array.from({ length: 13_000 }, () => claim).flat());
    const before = process.memoryUsage().rss;
    expect(() => decodeMessagePack(bytes)).toThrow('sizes do not add up');
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it('is refused or decoded, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(outcomeOf(bytes)).toMatch(/^decoded$|Error$/);
      }),
    );
  });
});

function outcomeOf(bytes: Uint8Array): string {
  try {
    decodeMessagePack(bufferOf(bytes));
    return 'decoded';
  } catch (error) {
    return error instanceof Error ? error.name : 'something else';
  }
}

// MessagePack as another spelling of JSON: the same objects in fewer bytes, nothing that JSON could not say. The bytes are
// checked before they are decoded, because a decoder believes the sizes it reads: 64 KiB of nested arrays that each claim as
// many elements would make it reserve gigabytes.
// https://github.com/msgpack/msgpack/blob/master/spec.md
import { Encoder } from '@msgpack/msgpack';
import { exactDecoder } from '@parley/infra/message-pack';

/** A field without a value is left out, as in JSON. */
const encoder = new Encoder({ ignoreUndefined: true });
const decode = exactDecoder({ mapKeyConverter: stringKey });

export const encodeMessagePack = (frame: object): Uint8Array => encoder.encode(frame);

/** Throws on what is not one whole value, or has binary data, extensions, or keys that are no strings. */
export function decodeMessagePack(bytes: ArrayBuffer): unknown {
  if (!isOneValue(new DataView(bytes))) throw new RangeError('sizes do not add up');
  return decode(new Uint8Array(bytes));
}

function stringKey(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError('a key is not a string');
  return key;
}

/** Every value takes a byte at least, so what is still owed never exceeds what is left. */
function isOneValue(view: DataView): boolean {
  let at = 0;
  for (let owed = 1; owed > 0;) {
    if (owed > view.byteLength - at) return false;
    const { bytes, values } = valueAt(view, at);
    at += bytes;
    owed += values - 1;
  }
  return at === view.byteLength;
}

/** What a value takes: its own bytes, and the values inside. */
interface Extent {
  readonly bytes: number;
  readonly values: number;
}

const scalar = (bytes: number): Extent => ({ bytes, values: 0 });
const container = (bytes: number, values: number): Extent => ({ bytes, values });

function valueAt(view: DataView, at: number): Extent {
  const first = view.getUint8(at);
  if (first <= 0x7f || first >= 0xe0) return scalar(1);
  if (first <= 0x8f) return container(1, 2 * (first & 0x0f));
  if (first <= 0x9f) return container(1, first & 0x0f);
  if (first <= 0xbf) return scalar(1 + (first & 0x1f));
  const extent = LONG[first]?.(view, at + 1);
  if (extent === undefined) throw new TypeError('a value that JSON does not have');
  return extent;
}

/** By first byte: nil, booleans, numbers, long strings, arrays, maps. No binary data, no extensions. */
const LONG: Readonly<Record<number, (view: DataView, at: number) => Extent>> = {
  0xc0: () => scalar(1),
  0xc2: () => scalar(1),
  0xc3: () => scalar(1),
  0xca: () => scalar(5),
  0xcb: () => scalar(9),
  0xcc: () => scalar(2),
  0xcd: () => scalar(3),
  0xce: () => scalar(5),
  0xcf: () => scalar(9),
  0xd0: () => scalar(2),
  0xd1: () => scalar(3),
  0xd2: () => scalar(5),
  0xd3: () => scalar(9),
  0xd9: (view, at) => scalar(2 + view.getUint8(at)),
  0xda: (view, at) => scalar(3 + view.getUint16(at)),
  0xdb: (view, at) => scalar(5 + view.getUint32(at)),
  0xdc: (view, at) => container(3, view.getUint16(at)),
  0xdd: (view, at) => container(5, view.getUint32(at)),
  0xde: (view, at) => container(3, 2 * view.getUint16(at)),
  0xdf: (view, at) => container(5, 2 * view.getUint32(at)),
};

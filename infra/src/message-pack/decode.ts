// MessagePack whose texts come back as they were. The library's decoder of strings over 200 bytes takes a byte order mark from
// their front, as is right for files (WHATWG Encoding, `ignoreBOM`) and wrong for what somebody said.
import { Decoder, type DecoderOptions } from '@msgpack/msgpack';

/** U+FEFF in UTF-8, and its first byte: hardly any event has even that, and looking for one byte is nearly free. */
const byteOrderMark = Buffer.from('\u{feff}');
const markBegin = 0xef;

/** Values have no binary data: what is not text in them throws, or becomes text. */
export function exactDecoder(options: DecoderOptions = {}): (bytes: Uint8Array) => unknown {
  const decoder = new Decoder(options);
  const rawDecoder = new Decoder({ ...options, rawStrings: true });
  return (bytes) => {
    const isMarked = bytes.includes(markBegin) && bufferOf(bytes).includes(byteOrderMark);
    return isMarked ? withTexts(rawDecoder.decode(bytes)) : decoder.decode(bytes);
  };
}

function withTexts(value: unknown): unknown {
  if (value instanceof Uint8Array) return bufferOf(value).toString();
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withTexts(each)]));
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

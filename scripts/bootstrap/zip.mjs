// Files out of a zip (a Python wheel is one), so that no unzip program is needed. Reads the central directory only;
// no zip64, no encryption (PKWARE APPNOTE 4.3.12, 4.3.16).
import { inflateRawSync } from 'node:zlib';

const endRecordMagic = 0x06054b50;
const endRecordBytesMin = 22;
const stored = 0;

/** The bytes of the first entry whose name matches. */
export const unzipOne = (bytes, namePattern) => unzipAll(bytes, namePattern)[0].bytes;

/** The name and bytes of every entry whose name matches; none is an error. */
export function unzipAll(bytes, namePattern) {
  const end = endRecordAt(bytes);
  const found = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let remaining = bytes.readUInt16LE(end + 10); remaining > 0; remaining--) {
    const entry = readEntry(bytes, at);
    if (namePattern.test(entry.name)) found.push({ name: entry.name, bytes: contents(bytes, entry) });
    at = entry.next;
  }
  if (found.length === 0) throw new Error(`the zip holds nothing like ${namePattern}`);
  return found;
}

function endRecordAt(bytes) {
  for (let at = bytes.length - endRecordBytesMin; at >= 0; at--) {
    if (bytes.readUInt32LE(at) === endRecordMagic) return at;
  }
  throw new Error('not a zip');
}

function readEntry(bytes, at) {
  const nameBytes = bytes.readUInt16LE(at + 28);
  return {
    name: bytes.toString('utf8', at + 46, at + 46 + nameBytes),
    method: bytes.readUInt16LE(at + 10),
    packedBytes: bytes.readUInt32LE(at + 20),
    localHeaderAt: bytes.readUInt32LE(at + 42),
    next: at + 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32),
  };
}

/** The local header repeats the name and may carry other extra bytes than the directory does. */
function contents(bytes, { method, packedBytes, localHeaderAt }) {
  const start = localHeaderAt + 30 + bytes.readUInt16LE(localHeaderAt + 26) + bytes.readUInt16LE(localHeaderAt + 28);
  const packed = bytes.subarray(start, start + packedBytes);
  return method === stored ? packed : inflateRawSync(packed);
}

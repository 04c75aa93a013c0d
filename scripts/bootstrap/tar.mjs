// One file out of a tar archive (POSIX ustar: blocks of 512 bytes, a header before each file), for what comes wrapped in one.
const blockBytes = 512;

/** The bytes of the first entry whose name matches. */
export function untarOne(bytes, namePattern) {
  for (let at = 0; at + blockBytes <= bytes.length;) {
    const { name, length } = readHeader(bytes.subarray(at, at + blockBytes));
    const start = at + blockBytes;
    if (namePattern.test(name)) return bytes.subarray(start, start + length);
    at = start + Math.ceil(length / blockBytes) * blockBytes;
  }
  throw new Error(`the archive holds nothing like ${namePattern}`);
}

/** Texts end with a zero byte, the length is octal; an empty header, which ends an archive, is a nameless file of no length. */
function readHeader(header) {
  const text = (start, end) => header.toString('utf8', start, end).split('\0')[0];
  return { name: text(0, 100), length: Number.parseInt(text(124, 136).trim() || '0', 8) };
}

// Counts bytes of UTF-8 without making them: the core has no Buffer, and the hot path no time for one.

/** Whether the text has more than `bytesMax` bytes of UTF-8. */
export function utf8BytesExceed(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  // A UTF-16 code unit is at most three bytes.
  if (text.length * 3 <= bytesMax) return false;
  return utf8ByteLength(text) > bytesMax;
}

/** Bytes of the text in UTF-8; a lone surrogate counts as U+FFFD, three bytes. */
export function utf8ByteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isSurrogatePairAt(text, unit, i)) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

function isSurrogatePairAt(text: string, unit: number, i: number): boolean {
  if (unit < 0xd800 || unit > 0xdbff) return false;
  const next = text.charCodeAt(i + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

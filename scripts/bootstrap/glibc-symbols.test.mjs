// Against the real addon of this platform, as it is installed: patched or not, both must hold.
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { patchElf } from './glibc-symbols.mjs';
import { addonFile } from './node.mjs';

describe.runIf(process.platform === 'linux')('the addon of this platform', () => {
  const addon = fs.readFileSync(addonFile(process.versions.modules));

  it('loads on glibc 2.35 after one patch, and a second one finds nothing to do', () => {
    const bytes = Buffer.from(addon);
    patchElf(bytes, '2.35');
    expect(patchElf(bytes, '2.35').changed).toEqual([]);
  });

  it('is left alone where glibc is new enough', () => {
    const bytes = Buffer.from(addon);
    expect(patchElf(bytes, '2.99').changed).toEqual([]);
    expect(bytes.equals(addon)).toBe(true);
  });

  it('is refused where glibc lacks more than names', () => {
    expect(() => patchElf(Buffer.from(addon), '2.17')).toThrow(
      /needs glibc 2[.]\d+ \(\w+\) and this machine has 2[.]17/,
    );
  });
});

it('refuses a file that is no ELF', () => {
  expect(() => patchElf(Buffer.alloc(64), '2.36')).toThrow('not a little-endian ELF64 file');
});

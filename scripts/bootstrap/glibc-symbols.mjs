// Makes a prebuilt addon linked against glibc 2.38 load on glibc 2.35 to 2.37. It needs 2.38 only for the C23 aliases
// __isoc23_strtol, __isoc23_strtoul and __isoc23_sscanf: each is redirected, in the ELF symbol table, to its classic name (a
// suffix of the same string) at glibc's base version. No patchelf, no root, no network; idempotent.
// Layouts: ELF-64 Object File Format 1.5; Linux Standard Base 5.0 §10.7, "Symbol Versioning".
import fs from 'node:fs';

const SECTION = { dynamicSymbols: 11, versionNeeds: 0x6ffffffe, versionOfSymbol: 0x6fffffff };
const symbolBytes = 24;
const c23Prefix = '__isoc23_';
const hiddenBit = 0x8000;
const versionGlobal = 1;
const weakNeedFlag = 2;
const weakBinding = 2;

/** The running glibc's version, such as 2.36; undefined off glibc. */
export function hostGlibc() {
  process.report.excludeNetwork = true; // else it may look host names up, which takes seconds
  return process.report.getReport().header.glibcVersionRuntime;
}

/** Adapts the file to that glibc, in place; throws, and changes nothing, when it needs more than C23 aliases. */
export function patchFile(file, glibc) {
  const bytes = fs.readFileSync(file);
  const result = patchElf(bytes, glibc);
  if (result.changed.length > 0) {
    const draft = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(draft, bytes, { mode: 0o755 });
    fs.renameSync(draft, file);
  }
  return result;
}

/** Redirects what is newer than `glibc` inside the bytes; names the symbols it changed. */
export function patchElf(bytes, glibc) {
  const elf = openElf(bytes);
  const needs = glibcNeeds(elf);
  const tooNew = new Map(needs.filter((need) => isNewer(need.version, glibc)).map((need) => [need.index, need]));
  const base = needs
    .filter((need) => need.library === 'libc.so.6' && !tooNew.has(need.index))
    .reduce((oldest, need) => (oldest && isNewer(need.version, oldest.version) ? oldest : need), undefined);
  if (tooNew.size === 0) return { changed: [] };
  if (base === undefined) throw new Error('the addon names no base version of glibc');

  const changed = [];
  for (let index = 0; index < elf.symbols.size / symbolBytes; index++) {
    const versionAt = elf.versions.offset + index * 2;
    const need = tooNew.get(bytes.readUInt16LE(versionAt) & ~hiddenBit);
    if (need === undefined) continue;
    const symbolAt = elf.symbols.offset + index * symbolBytes;
    changed.push(redirect(elf, { symbolAt, versionAt, need, base, glibc }));
  }
  // The loader must not insist on versions nothing refers to any more.
  for (const { flagsAt } of tooNew.values()) bytes.writeUInt16LE(bytes.readUInt16LE(flagsAt) | weakNeedFlag, flagsAt);
  return { changed };
}

function redirect({ bytes, text }, { symbolAt, versionAt, need, base, glibc }) {
  const nameOffset = bytes.readUInt32LE(symbolAt);
  const name = text(nameOffset);
  if (name.startsWith(c23Prefix)) {
    bytes.writeUInt32LE(nameOffset + c23Prefix.length, symbolAt);
    bytes.writeUInt16LE(base.index, versionAt);
  } else if (name === 'arc4random') {
    // Only std::random_device refers to it, which uWebSockets.js never calls: it may stay unresolved.
    bytes[symbolAt + 4] = (weakBinding << 4) | (bytes[symbolAt + 4] & 0xf);
    bytes.writeUInt16LE(versionGlobal, versionAt);
  } else {
    throw new Error(`uWebSockets.js needs glibc ${need.version} (${name}) and this machine has ${glibc}`);
  }
  return name;
}

function openElf(bytes) {
  const isElf64LittleEndian = bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!isElf64LittleEndian) throw new Error('the addon is not a little-endian ELF64 file');
  const sections = readSections(bytes);
  const [symbols, needs, versions] = [SECTION.dynamicSymbols, SECTION.versionNeeds, SECTION.versionOfSymbol].map(
    (type) => sections.find((section) => section.type === type),
  );
  if (!symbols || !needs || !versions) throw new Error('the addon has no symbol versions');
  const strings = sections[symbols.link].offset;
  const text = (offset) => bytes.toString('latin1', strings + offset, bytes.indexOf(0, strings + offset));
  return { bytes, symbols, needs, versions, text };
}

function readSections(bytes) {
  const start = Number(bytes.readBigUInt64LE(0x28));
  const entryBytes = bytes.readUInt16LE(0x3a);
  return Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
    const at = start + index * entryBytes;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      count: bytes.readUInt32LE(at + 44),
    };
  });
}

/** Every `GLIBC_x.y` the file asks for: its library, version, the index symbols refer to it by, and where its flags are. */
function glibcNeeds({ bytes, needs, text }) {
  const found = [];
  let at = needs.offset;
  for (let remaining = needs.count; remaining > 0; remaining--) {
    const library = text(bytes.readUInt32LE(at + 4));
    let entry = at + bytes.readUInt32LE(at + 8);
    for (let entries = bytes.readUInt16LE(at + 2); entries > 0; entries--) {
      const version = /^GLIBC_(\d+(?:\.\d+)+)$/.exec(text(bytes.readUInt32LE(entry + 8)))?.[1];
      if (version) found.push({ library, version, index: bytes.readUInt16LE(entry + 6), flagsAt: entry + 4 });
      entry += bytes.readUInt32LE(entry + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  return found;
}

function isNewer(version, than) {
  const [one, other] = [version, than].map((text) => text.split('.').map(Number));
  for (let part = 0; part < Math.max(one.length, other.length); part++) {
    const difference = (one[part] ?? 0) - (other[part] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

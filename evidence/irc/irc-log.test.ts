import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { BadLine, parseIrcLine, readIrcLog } from './irc-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'parley-irc-'));
afterAll(() => rmSync(folder, { recursive: true }));

const said = { room: 'a', n: 4, minute: 2, user: '[ivo]', text: 'ciao', reply_to: 1 };
const came = { room: 'a', n: 1, minute: 2, system: 'ivo entered the room.' };

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('a line', () => {
  test('says something, perhaps in answer, or tells what happened', () => {
    expect(parseIrcLine(JSON.stringify(said))).toEqual({
      room: 'a',
      n: 4,
      minute: 2,
      user: '[ivo]',
      text: 'ciao',
      replyTo: 1,
    });
    expect(parseIrcLine(JSON.stringify(came))).toEqual(came);
  });

  test.each([
    ['{"room"', 'not JSON'],
    ['[]', 'not an object'],
    [JSON.stringify({ ...said, room: 7 }), 'room: must be text, is 7'],
    [JSON.stringify({ ...said, n: -1 }), 'n: must be a whole number from 0, is -1'],
    [JSON.stringify({ ...said, minute: undefined }), 'minute: must be a whole number from 0, is undefined'],
    [JSON.stringify({ ...said, user: undefined }), 'user: must be text'],
    [JSON.stringify({ ...said, text: '\ud800' }), 'text: must be well-formed Unicode'],
    [JSON.stringify({ ...said, reply_to: 4 }), 'reply_to: 4 is no earlier line than 4'],
    [JSON.stringify({ ...came, system: null }), 'system: must be text, is null'],
  ])('that is wrong says what is: %s', (text, reason) => {
    expect(() => parseIrcLine(text)).toThrow(BadLine);
    expect(() => parseIrcLine(text)).toThrow(reason);
  });
});

describe('a file', () => {
  const content = `${JSON.stringify(came)}\n\n${JSON.stringify(said)}\n`;

  test('is read plain and gzipped alike', async () => {
    const plain = await Array.fromAsync(readIrcLog(write('plain.jsonl', content)));
    expect(plain.map(({ n }) => n)).toEqual([1, 4]);
    expect(await Array.fromAsync(readIrcLog(write('packed.jsonl.gz', gzipSync(content))))).toEqual(plain);
  });

  test('with a bad line is named with the number of that line', async () => {
    const file = write('bad.jsonl', `${content}{"room":`);
    await expect(Array.fromAsync(readIrcLog(file))).rejects.toThrow(`${file}, line 4: not JSON`);
  });

  test('that is not there, or not what its name says, is named', async () => {
    const missing = path.join(folder, 'none.jsonl');
    await expect(Array.fromAsync(readIrcLog(missing))).rejects.toThrow(`${missing}: ENOENT`);
    const unpacked = write('unpacked.jsonl.gz', content);
    await expect(Array.fromAsync(readIrcLog(unpacked))).rejects.toThrow(`${unpacked}: incorrect header check`);
    const cutShort = write('short.jsonl.gz', gzipSync(content).subarray(0, 40));
    await expect(Array.fromAsync(readIrcLog(cutShort))).rejects.toThrow('unexpected end of file');
  });
});

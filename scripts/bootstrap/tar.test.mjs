// Archives made by hand, block for block.
import { expect, it } from 'vitest';
import { untarOne } from './tar.mjs';

it('takes the first entry whose name matches, whatever lies before it', () => {
  const archive = tarOf([
    { name: 'package/README', text: 'x'.repeat(700) },
    { name: 'package/lib/layer.zip', text: 'zip' },
  ]);
  expect(untarOne(archive, /layer[.]zip$/).toString()).toBe('zip');
  expect(untarOne(archive, /README$/).length).toBe(700);
});

it('says so when there is no such entry', () => {
  expect(() => untarOne(tarOf([{ name: 'a', text: 'x' }]), /b/)).toThrow('nothing like');
});

function tarOf(files) {
  const blocks = files.flatMap(({ name, text }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
    const body = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    body.write(text);
    return [header, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

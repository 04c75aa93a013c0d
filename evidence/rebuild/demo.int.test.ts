// The demo on the small sample; and with the new generation broken again, to see that it would tell.
import path from 'node:path';
import { seeded } from '@parley/proof';
import { expect, test } from 'vitest';
import { damageTimeline } from './damage.ts';
import { runDemo } from './demo.ts';

const data = path.join(import.meta.dirname, '..', 'irc', 'sample.jsonl');

async function demo(afterRebuild?: (file: string) => void) {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const code = await runDemo({ data, seed: 7, print, ...(afterRebuild && { afterRebuild }) });
  return { code, printed: lines.join('\n') };
}

test('what was broken is found, rebuilt under load, and found to be whole', async () => {
  const { code, printed } = await demo();
  expect(code, printed).toBe(0);
  expect(printed).toMatch(/rows with the log: 3 differences\n/);
  expect(printed).toMatch(/[1-9]\d* messages were acked and [1-9]\d* pages read: 0 wrong, 0 not to be had/);
  expect(printed).toMatch(/rows with the log: 0 differences\n/);
});

test('a new generation that is not whole is told, and the exit code is 1', async () => {
  const { code, printed } = await demo((file) => void damageTimeline(file, seeded(3)));
  expect(code, printed).toBe(1);
  expect(printed.match(/WRONG: the independent reader: g_/g)).toHaveLength(3);
});

// How fast is the hot path: `parseClientFrame` of a 128-byte `send`, beside `JSON.parse` of the same text in the same run.
// Run: node protocol/scripts/bench-parse.ts
import { parseClientFrame } from '../src/index.ts';

const text = JSON.stringify({
  type: 'send',
  client_msg_id: '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  conversation_id: 'd_Zm9vYmFyYmF6cXV4',
  body: 'good day!',
});
const repeats = 2_000_000;

function opsPerSecond(task: () => unknown): number {
  for (let i = 0; i < repeats / 10; i++) task();
  const start = performance.now();
  for (let i = 0; i < repeats; i++) task();
  return Math.round((repeats * 1000) / (performance.now() - start));
}

const value: unknown = JSON.parse(text);
const { error } = parseClientFrame(value);
if (error !== undefined) throw new Error(error.message);

const parse = opsPerSecond(() => parseClientFrame(value));
const json = opsPerSecond(() => JSON.parse(text));
console.log(
  `${text.length} bytes: parseClientFrame ${parse}/s, JSON.parse ${json}/s, ratio ${(parse / json).toFixed(2)}`,
);

// What tells a page from the truth has to tell.
import { expect, it } from 'vitest';
import { linesMissing, pageBlocks } from './page-commands.ts';

const page = `text
\`\`\`console
$ nats one
│ CHAT_15 │ File │ 3 │ 1.7 KiB │ n1, n2* │
…
$ nats two
\`\`\`

\`\`\`console cluster
$ nats three
OK in 3.5ms at 2026-11-22 13:08:15 by reader-s15-b3dae72c
\`\`\`
`;
const blocks = pageBlocks(page);

it('finds every command, where it is run, and what the page says it prints', () => {
  expect(blocks.map(({ form, command, lines }) => [form, command, lines.length])).toEqual([
    ['standalone', 'nats one', 1],
    ['standalone', 'nats two', 0],
    ['cluster', 'nats three', 1],
  ]);
});

it.each([
  [0, 'other\n│ CHAT_2  │ File │ 1,204 │ 0 B │ n1*,  n2 │\n'],
  [2, 'OK in 1m2s at 2027-01-01 00:00:00 by reader-s2-00000000'],
])('is satisfied by other numbers, times and ids (%i)', (index, output) => {
  expect(blocks[index] && linesMissing(blocks[index], output)).toEqual([]);
});

it.each([
  [0, '│ CHAT_2 │ Memory │ 3 │ 1.7 KiB │ n1*, n2 │'],
  [0, '│ CHAT_2 │ File │ 3 │ 1.7 KiB │'],
  [2, 'CRITICAL in 3.5ms at 2026-11-22 13:08:15 by reader-s15-b3dae72c'],
  [2, ''],
])('misses a line that says something else (%i, %s)', (index, output) => {
  expect(blocks[index] && linesMissing(blocks[index], output)).toHaveLength(1);
});

// The demo on its own sample, as a visitor starts it; and with one entry altered, to see that it would tell.
import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runDemo } from './demo.ts';
import type { Replay } from './replay.ts';

const main = path.join(import.meta.dirname, 'main.ts');
const data = path.join(import.meta.dirname, 'sample.jsonl');

const run = (...args: readonly string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });

test('everybody saw what the log says, though half of them were cut and the server was killed', async () => {
  const { code, stdout, stderr } = await run('--speed', 'max', '--seed', '7');
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /165 messages in 5 rooms by 20 users .*, every one acked; [1-9]\d* cuts of [1-9]\d* readers, 1 kill -9/,
  );
  expect(stdout).toMatch(
    /165 messages in 5 rooms, 23 memberships; [\d,]+ observations compared with the log: 0 differences/,
  );
});

test('one entry that was seen differently, or not at all, is named, and the exit code is 1', async () => {
  const alter = ({ rooms, clients }: Replay): void => {
    const seen = clients.get('juno')?.entries.get(rooms[0]?.conversationId ?? '');
    const entry = seen?.values().find(({ body }) => body !== undefined);
    if (entry) seen?.set(entry.position, { ...entry, body: 'never said' });
    const [first] = clients.get('operator')?.entries.values() ?? [];
    first?.delete([...first.keys()].at(-1) ?? 0);
  };
  const { code, printed } = await demoWith(alter);
  expect(printed).toMatch(/DIFFERENCE juno in [a-z-]+: saw \d+ <\w+> "never said"; the log has \d+ <\w+> "/);
  expect(printed).toMatch(/DIFFERENCE operator in [a-z-]+: saw nothing more; the log has \d+ </);
  expect(printed).toMatch(/ compared with the log: 2 differences\n/);
  expect(code).toBe(1);
});

async function demoWith(beforeJudging: (replay: Replay) => void) {
  let printed = '';
  const output = new Writable({ write: (chunk, _, done) => done(void (printed += String(chunk))) });
  const interrupted = new Promise<never>(() => undefined);
  const options = { data, rooms: 1, messages: 20, speed: Number.POSITIVE_INFINITY, seed: 7 };
  const code = await runDemo({ ...options, output, interrupted, beforeJudging });
  return { code, printed };
}

test('what cannot be tried is said in one line, with exit code 2', async () => {
  const { code, stderr } = await run('--data', `${data}.none`);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^\S+none: ENOENT[^\n]+\n$/) as string });
});

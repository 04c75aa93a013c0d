// npm run demo:irc: real group chat, replayed by real users on a real server that is killed meanwhile, and what everybody saw
// compared with the log. Exit code 0: all of it equal; 1: not; 2: it could not be tried.
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { inspect } from 'node:util';
import type { StandaloneProcess } from '@parley/standalone/testing';
import { InvalidArgumentError } from 'commander';
import { countOf, tool, wholeNumber } from '../command-line.ts';
import { runDemo } from './demo.ts';
import { BadLine } from './irc-log.ts';
import { operatorId } from './nicks.ts';

const sample = path.join(import.meta.dirname, 'sample.jsonl');

class Interrupted extends Error {}

interface Flags {
  readonly data: string;
  readonly rooms: number;
  readonly messages: number;
  readonly speed: number;
  readonly seed?: number;
  readonly keep?: true;
}

await tool(
  'npm run demo:irc --',
  'Replays a log of group chat on a server of its own and compares what everybody saw with the server’s log.',
)
  .option(
    '--data <path>',
    'the log, .jsonl or .jsonl.gz (docs/evidence/demo-irc.md); by default a small one of our own',
    sample,
  )
  .option('--rooms <number>', 'at most so many rooms, the busiest', countOf, 12)
  .option('--messages <number>', 'at most so many messages in all, shared among the rooms', countOf, 10_240)
  .option('--speed <number|max>', 'minutes of the log in a minute; max: as fast as acks allow', speed, 60)
  .option('--seed <number>', 'repeats whose connections are cut, and when', wholeNumber)
  .option('--keep', 'leave the server running to look at, until Ctrl-C')
  .action(demo)
  .parseAsync();

async function demo({ seed = Math.floor(Math.random() * 1e9), keep, ...flags }: Flags): Promise<void> {
  const stopped = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  const interrupted = stopped.then(() => Promise.reject(new Interrupted('interrupted')));
  interrupted.catch(() => undefined); // after the replay nobody waits for it
  const beforeEnd = (server: StandaloneProcess): Promise<unknown> => {
    process.stdout.write(`running: ${server.base}/?user=${operatorId} shows every room; Ctrl-C ends it\n`);
    return stopped;
  };
  const options = { ...flags, seed, output: process.stdout, interrupted, ...(keep ? { beforeEnd } : {}) };
  const code = await runDemo(options).catch((error: unknown) => {
    const isExpected = error instanceof BadLine || error instanceof Interrupted;
    process.stderr.write(`${isExpected ? error.message : inspect(error)}\n`);
    return 2;
  });
  process.exit(code); // what was under way when somebody had seen enough would try on for a while
}

function speed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number above 0, or max.');
}

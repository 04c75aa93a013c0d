// npm run demo:rebuild: a read model of real chat is broken on purpose, found out, and rebuilt while people use it. Exit code 0: nobody
// noticed, and it is whole again; 1: not so; 2: it could not be tried.
import path from 'node:path';
import process from 'node:process';
import { inspect } from 'node:util';
import { tool, wholeNumber } from '../command-line.ts';
import { BadLine } from '../irc/irc-log.ts';
import { runDemo } from './demo.ts';

const sample = path.join(import.meta.dirname, '..', 'irc', 'sample.jsonl');

interface Flags {
  readonly data: string;
  readonly seed?: number;
}

await tool(
  'npm run demo:rebuild --',
  'Breaks a read model of real chat on purpose, shows that it is found out, and rebuilds it while people talk and read.',
)
  .option(
    '--data <path>',
    'a log of chat, .jsonl or .jsonl.gz (docs/evidence/demo-irc.md); by default a small one of our own',
    sample,
  )
  .option('--seed <number>', 'repeats what is broken', wholeNumber)
  .action(demo)
  .parseAsync();

async function demo({ data, seed = Math.floor(Math.random() * 1e9) }: Flags): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const code = await runDemo({ data, seed, print }).catch((error: unknown) => {
    process.stderr.write(`${error instanceof BadLine ? error.message : inspect(error)}\n`);
    return 2;
  });
  process.exit(code); // clients that nobody waits for any more would try on for a while
}

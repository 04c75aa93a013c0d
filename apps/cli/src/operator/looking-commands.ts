// The table of commands that look at a system and change nothing: its state, its story, its past.
import type { Environment } from '@parley/infra/config';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { actions } from './actions.ts';

const json = ['--json', 'answer in JSON'] as const;

export function addLookingCommands(program: Command, environment: Environment): void {
  const { operate, operateWithout } = actions(environment);

  program
    .command('log')
    .argument('<conversation>')
    .description('the story of a conversation, as the log has it')
    .option('--from <position|time>', 'begin there')
    .option('--to <position|time>', 'end there')
    .option(...json)
    .action(operate(async () => (await import('./log.ts')).tellLog));

  program
    .command('show')
    .argument('<conversation>')
    .description('a conversation as it was: members, roles, settings, its newest messages')
    .option('--at <position|time>', 'as it was then; now without it')
    .option('--limit <messages>', 'newest messages that are shown', wholeNumber(0, 10_000), 50)
    .option(...json)
    .action(operate(async () => (await import('./show.ts')).showConversation));

  program
    .command('export')
    .argument('[conversation]')
    .description('events as rows for analysts, or one conversation as a bundle')
    .option('--since <time>', 'instead of a conversation: all events stored since then')
    .addOption(new Option('--format <format>', 'of the rows').choices(['jsonl', 'parquet']).default('jsonl'))
    .option('--bundle <conversation>', 'instead of rows: all of a conversation, for `parley replay`')
    .option('--redact', 'in a bundle: other ids and texts, so that it can leave the company')
    .option('--out <file>', 'where to')
    .option(...json)
    .action(operate(async () => (await import('./export.ts')).exportEvents));

  program
    .command('replay')
    .argument('<bundle>')
    .description('fold a bundle here, without any system, and compare with what it gave where it was made')
    .option(...json)
    .action(operateWithout(async () => (await import('./replay.ts')).replayBundle));

  program
    .command('status')
    .description('what is there and how it does: log, readers, processes, the busiest conversations')
    .option('--shards', 'each of them, too')
    .option(...json)
    .action(operate(async () => (await import('./status.ts')).showStatus));

  program
    .command('lag')
    .description('how far each reader of the log is behind, and how fast it goes')
    .option('--shards', 'each of them, too')
    .option('--watch', 'again and again, until it is interrupted')
    .option(...json)
    .action(operate(async () => (await import('./lag.ts')).showLag));

  program
    .command('doctor')
    .description('what is wrong, or will be, and what to do; it changes nothing')
    .option('--monitor <url...>', "monitoring ports of NATS servers, which alone tell their servers' settings")
    .option(...json)
    .action(operateWithout(async () => (await import('./doctor.ts')).runDoctor));
}

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

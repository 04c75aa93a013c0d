// The table of commands that compare what is stored with the log, and refold what differs.
import type { Environment } from '@parley/infra/config';
import type { Command } from 'commander';
import { actions } from './actions.ts';

const json = ['--json', 'answer in JSON'] as const;

export function addVerifyingCommands(program: Command, environment: Environment): void {
  const { operate } = actions(environment);

  program
    .command('verify')
    .argument('<projection>')
    .description('fold the log again and compare what is stored with it, row by row')
    .option('--conversation <cid>', 'this one alone, with its fold hash')
    .option('--sample <share>', 'a share of the conversations, such as 0.01', '1')
    .option('--repair', 'refold in place what differs, and verify again')
    .option(...json)
    .action(operate(async () => (await import('./verify.ts')).verify));

  program
    .command('hash')
    .argument('<cid>')
    .description('the fold hash of a conversation: the same wherever the same events are folded')
    .option(...json)
    .action(operate(async () => (await import('./verify.ts')).hash));

  const parked = program.command('parked').description('conversations that a projection could not go on with');
  parked
    .command('list')
    .description('which, where and why')
    .option(...json)
    .action(operate(async () => (await import('./parked.ts')).listParked));
  parked
    .command('show')
    .argument('<cid>')
    .description('with the event at which its fold failed')
    .option(...json)
    .action(operate(async () => (await import('./parked.ts')).showParked));
  parked
    .command('retry')
    .argument('<projection>')
    .argument('[cid]')
    .description('refold it from its first event')
    .option('--all', 'all of them')
    .option(...json)
    .action(operate(async () => (await import('./parked.ts')).retryParked));
}

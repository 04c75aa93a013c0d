// The table of operators' commands: what each is called, what it takes, and where it is.
import type { Environment } from '@parley/infra/config';
import type { Command } from 'commander';
import type { CreatingCommand, OperatorCommand } from './operate.ts';
import type { RefoldFlags } from './refold.ts';

const json = ['--json', 'answer in JSON'] as const;

export function addOperatorCommands(program: Command, environment: Environment): void {
  const operate = operating(environment);

  program
    .command('generations')
    .description('the generations of each read model: which serves, which are kept up to date')
    .option(...json)
    .action(operate(async () => (await import('./generations.ts')).listGenerations));

  program
    .command('rebuild')
    .argument('<projection>')
    .description('fold a new generation from the first event beside the one that serves, and switch to it')
    .option('--no-switch', 'leave that to `parley switch`')
    .option('--conversation <cid>', 'no new generation: refold this conversation in place')
    .option('--from <shard:seq>', 'in place: those with an event at or after it')
    .option('--since <time>', 'in place: those with an event at or after it')
    .option(...json)
    .action(async (...given: unknown[]) => {
      const { conversation, from, since } = given.at(-2) as RefoldFlags;
      const isInPlace = (conversation ?? from ?? since) !== undefined;
      await (
        isInPlace
          ? operate(async () => (await import('./refold.ts')).refoldInPlace)
          : operate(async () => (await import('./rebuild.ts')).rebuild)
      )(...given);
    });

  program
    .command('switch')
    .argument('<projection>')
    .argument('<generation>')
    .description('let another generation serve, back as well')
    .option(...json)
    .action(operate(async () => (await import('./generations.ts')).switchGeneration));

  program
    .command('drop-generation')
    .argument('<projection>')
    .argument('<generation>')
    .description('delete a generation that does not serve')
    .option(...json)
    .action(operate(async () => (await import('./generations.ts')).dropGeneration));
  addVerifying(program, operate);
  addBackups(program, environment);
}

/** For commander's `action`: what a command needs is loaded when it runs. */
const operating =
  (environment: Environment) =>
  <Flags extends object>(load: () => Promise<OperatorCommand<Flags>>) =>
  async (...given: unknown[]): Promise<void> =>
    (await import('./operate.ts')).operate(load, { environment, given });

function addVerifying(program: Command, operate: ReturnType<typeof operating>): void {
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

function addBackups(program: Command, environment: Environment): void {
  const operateWithout =
    <Flags extends object>(load: () => Promise<CreatingCommand<Flags>>) =>
    async (...given: unknown[]): Promise<void> =>
      (await import('./operate.ts')).operateWithout(load, { environment, given });

  program
    .command('backup')
    .argument('<directory>', 'empty, or new')
    .description('copy the log of a system that goes on serving (docs/backup.md)')
    .option('--check', "have every message's checksum compared first: appends to the shard under way wait for it")
    .option(...json)
    .action(operating(environment)(async () => (await import('./backup.ts')).backup));

  program
    .command('restore')
    .argument('<directory>', 'a backup')
    .description(
      'make a new system from a backup: in an empty data directory, or a NATS without a deployment (docs/backup.md)',
    )
    .option('--epoch <n>', 'the highest log epoch there has been, if it is above that of the backup')
    .option(...json)
    .action(operateWithout(async () => (await import('./restore.ts')).restore));
}

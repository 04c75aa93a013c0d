// The table of operators' commands: what each is called, what it takes, and where it is. Those that look are in `looking-commands.ts`,
// those that compare and mend in `verifying-commands.ts`.
import type { Environment } from '@parley/infra/config';
import type { Command } from 'commander';
import { actions } from './actions.ts';
import { addLookingCommands } from './looking-commands.ts';
import type { RefoldFlags } from './refold.ts';
import { addVerifyingCommands } from './verifying-commands.ts';

const json = ['--json', 'answer in JSON'] as const;

export function addOperatorCommands(program: Command, environment: Environment): void {
  addLookingCommands(program, environment);
  addVerifyingCommands(program, environment);
  addGenerationCommands(program, environment);
  addBackupCommands(program, environment);
}

function addGenerationCommands(program: Command, environment: Environment): void {
  const { operate } = actions(environment);

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
    .option('--no-verify', 'switch without comparing it with the log first')
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
}

function addBackupCommands(program: Command, environment: Environment): void {
  const { operate, operateWithout } = actions(environment);

  program
    .command('backup')
    .argument('<directory>', 'empty, or new')
    .description('copy the log of a system that goes on serving (docs/backup.md)')
    .option('--check', "have every message's checksum compared first: appends to the shard under way wait for it")
    .option(...json)
    .action(operate(async () => (await import('./backup.ts')).backup));

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

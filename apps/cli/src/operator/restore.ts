// `parley restore`: a backup made into a system again, where there is none: its sums are checked first, its epoch rises, and nobody
// finds it before all of it is there.
import path from 'node:path';
import { checkBackup, restoreBackup } from '@parley/infra/backup';
import { WrongUsage, type LoneCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { type Output } from './output.ts';
import { openEmptyPlace } from './empty-place.ts';
import { backupText } from './backup.ts';
import { createWorld } from '@parley/infra/runtime';

interface RestoreFlags {
  readonly epoch?: string;
}

export const restore: LoneCommand<RestoreFlags> = async ({ environment, output, flags, signal }, asked = '') => {
  const directory = path.resolve(asked);
  const lastEpoch = epochOf(flags);
  const world = createWorld();
  await using place = await openEmptyPlace(environment, world);
  const backup = await withProgress(output, 'check', (set) => checkBackup(directory, set));
  place.assertFits(backup.manifest);
  const { connection, replicas } = await place.connect();
  const { shards, logEpoch } = await withProgress(output, 'restore', (progress) =>
    restoreBackup({ connection, world, backup, replicas, lastEpoch, signal, progress }),
  );
  await place.keep();
  output.line(`${place.name}: restored from ${directory} (${backupText(backup.manifest)})`);
  output.line(`log epoch ${logEpoch}: read models are folded anew, and clients begin anew; ${place.next}`);
  output.json({ directory, shards, logEpoch, before: backup.manifest.logEpoch });
  return EXIT.done;
};

function epochOf({ epoch = '0' }: RestoreFlags): number {
  if (/^[0-9]{1,9}$/.test(epoch)) return Number(epoch);
  throw new WrongUsage(`"${epoch}" is no log epoch: a whole number, as in \`hello\` and in parley_config`);
}

async function withProgress<Result>(
  output: Output,
  title: string,
  work: (progress: (doneBytes: number, totalBytes: number) => void) => Promise<Result>,
): Promise<Result> {
  using shown = output.progress(`${title}, KiB`, 0);
  return await work((done, total) => shown.set(Math.ceil(done / 1_024), Math.ceil(total / 1_024)));
}

// `parley backup`: the log of a system that goes on serving, copied into a directory.
import path from 'node:path';
import { takeBackup, type Manifest } from '@parley/infra/backup';
import type { OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';

interface BackupFlags {
  readonly check?: boolean;
}

const bytesPerKiB = 1_024;

export const backup: OperatorCommand<BackupFlags> = async ({ system, output, flags, signal }, asked = '') => {
  const directory = path.resolve(asked);
  const { connection, world, log, logEpoch } = system;
  using progress = output.progress('backup, KiB', 0);
  const manifest = await takeBackup({
    connection,
    world,
    directory,
    signal,
    isChecked: flags.check ?? false,
    deployment: { shards: log.shards, logEpoch },
    progress: (done, total) => progress.set(Math.ceil(done / bytesPerKiB), Math.ceil(total / bytesPerKiB)),
  });
  progress[Symbol.dispose]();
  output.line(`${directory}: ${backupText(manifest)}`);
  output.json({ directory, ...manifest });
  return EXIT.done;
};

export function backupText({ streams, logEpoch, takenAt }: Manifest): string {
  const messages = streams.reduce((sum, stream) => sum + stream.messages, 0);
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0);
  const size = `${Math.ceil(bytes / bytesPerKiB)} KiB`;
  return `${streams.length} shards, ${messages} events, ${size}, log epoch ${logEpoch}, from ${takenAt.from} to ${takenAt.to}`;
}

// `parley lag`: how far each reader of the log is behind, and how fast it goes, once or again and again.
import process from 'node:process';
import type { Call, OperatorCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import type { System } from './system.ts';
import { rates, showReaders, type Looked, type ReaderRates } from './watch/lag-table.ts';
import { lookAtReaders } from './watch/readers.ts';

interface LagFlags {
  readonly shards?: boolean;
  readonly watch?: boolean;
}

/** Between two looks. */
const sampleMs = 1_000;

export const showLag: OperatorCommand<LagFlags> = async (call) => {
  const { system, output, flags, signal } = call;
  let before = await look(system);
  for (;;) {
    await system.world.sleep(sampleMs, signal);
    if (signal.aborted) return EXIT.interrupted;
    const after = await look(system);
    const readers = rates(before, after);
    if (flags.watch && !output.isJson && process.stdout.isTTY) process.stdout.write(clearScreen);
    show(call, readers);
    if (!flags.watch) return needLook(readers) ? EXIT.found : EXIT.done;
    before = after;
  }
};

const clearScreen = '\u001b[H\u001b[2J';

function show({ system, output, flags }: Call<LagFlags>, readers: readonly ReaderRates[]): void {
  if (flags.watch) output.line(new Date(system.world.now()).toISOString());
  showReaders(output, readers, { withShards: flags.shards === true, hasLeases: system.where.form === 'fleet' });
  if (flags.watch) output.line('');
  output.json({ at: new Date(system.world.now()).toISOString(), readers });
}

export const look = async (system: System): Promise<Looked> => ({
  readers: await lookAtReaders(system),
  atMs: performance.now(),
});

/** What somebody has to see to: a lag may pass, this does not. */
export const needLook = (readers: readonly ReaderRates[]): boolean =>
  readers.some(({ parked, failure }) => parked > 0 || failure !== undefined);

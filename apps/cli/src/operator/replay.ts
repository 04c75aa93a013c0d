// `parley replay`: folds a bundle, anywhere, without any system: tells its story, and whether the folds give here what they gave where
// the bundle was made.
import { open } from 'node:fs/promises';
import {
  BundleRefused,
  isClosing,
  parseNext,
  parseOpening,
  type BundleClosing,
  type FoldOutcome,
} from './bundle/bundle-file.ts';
import { createFolds } from './bundle/folds.ts';
import type { RawRecord } from '@parley/infra/nats';
import { WrongUsage, type LoneCommand } from './operate.ts';
import { EXIT } from './exit.ts';
import { type Output } from './output.ts';
import { tell } from './story/tell.ts';

export const replayBundle: LoneCommand<object> = async ({ output, signal }, file = '') => {
  const folds = createFolds();
  let events = 0;
  const closing = await readBundle(file, (record) => {
    events += 1;
    const stored = tell(output, record);
    folds.add(stored instanceof Error ? { unreadable: record.position, reason: stored.message } : stored);
    return !signal.aborted;
  });
  if (signal.aborted) return EXIT.interrupted;
  if (closing?.events !== events)
    throw new WrongUsage(`${file}: ${events} events, and no end that says so: it is not whole`);
  return compare(output, folds, closing);
};

/** Calls for each event while that answers true; gives the bundle's end, if it has one. */
async function readBundle(file: string, each: (record: RawRecord) => boolean): Promise<BundleClosing | undefined> {
  await using handle = await open(file).catch((cause: unknown) => {
    throw new WrongUsage(`${file} cannot be opened`, { cause });
  });
  try {
    let number = 0;
    for await (const line of handle.readLines()) {
      number += 1;
      if (number === 1) {
        parseOpening(line);
        continue;
      }
      const next = parseNext(line, number);
      if (isClosing(next)) return next;
      if (!each(next)) return undefined;
    }
    return undefined;
  } catch (error) {
    if (error instanceof BundleRefused) throw new WrongUsage(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function compare(output: Output, folds: ReturnType<typeof createFolds>, { outcomes: there }: BundleClosing): number {
  const here = folds.outcomes();
  const compared = [...new Set([...Object.keys(here), ...Object.keys(there)])].map((projection) => ({
    projection,
    here: here[projection],
    there: there[projection],
    isSame: textOf(here[projection]) === textOf(there[projection]),
  }));
  output.line('');
  for (const failure of folds.failures) output.line(failure);
  output.table(
    ['projection', 'fold hash here', 'in the bundle'],
    compared.map((one) => [one.projection, textOf(one.here), one.isSame ? 'the same' : textOf(one.there)]),
  );
  output.json({ compared, failures: folds.failures });
  return compared.every(({ isSame }) => isSame) ? EXIT.done : EXIT.found;
}

function textOf(outcome: FoldOutcome | undefined): string {
  if (outcome === undefined) return 'not folded';
  return outcome.type === 'folded' ? outcome.hash : `stopped at #${outcome.position}`;
}

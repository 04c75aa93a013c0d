// The short form of `npm run check:history`.
import { checkHistory, type HistoryEntry } from '@parley/proof';
import { expect, test } from 'vitest';
import { loadOf } from './load.ts';
import { faultsFor, play } from './play.ts';
import { startStandaloneStage } from './standalone-stage.ts';
import { summary } from './summary.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const harmedSeconds = 15;
/** `npm run check:history` insists on five; a machine that runs other tests meanwhile may take longer. */
const visibleWithinMs = 20_000;

/** Without one of these a check would have had nothing to look at. */
const needed = new Set<HistoryEntry['kind']>([
  ...(['connected', 'disconnected', 'sent', 'acked', 'refused', 'received', 'resumed', 'page-read'] as const),
  ...(['members-answered', 'fault-begun', 'fault-healed', 'row', 'fresh-sync', 'page-walk', 'logged'] as const),
]);

test('a standalone server that is harmed in every way keeps its promises', async () => {
  console.log(`seed ${seed} (PARLEY_TEST_SEED=${seed} repeats it)`);
  await using stage = await startStandaloneStage({ lastsMs: 3_000 });
  const history = await play({
    stage,
    seed,
    load: loadOf({ clients: 12, sendsPerSecond: 60 }),
    direct: faultsFor(harmedSeconds, stage.faults),
    visibleWithinMs,
  });
  const offences = checkHistory(history, { visibleWithinMs });
  console.log(summary(history, offences));
  expect(offences.map(({ sentence }) => sentence)).toEqual([]);
  const kinds = new Set(history.map(({ kind }) => kind));
  expect([...needed.difference(kinds)]).toEqual([]);
});

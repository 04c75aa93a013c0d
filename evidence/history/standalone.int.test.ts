// The short form of `npm run check:history`.
import { checkHistory } from '@parley/proof';
import { expect, test } from 'vitest';
import { loadOf } from './load.ts';
import { faultsFor, play } from './play.ts';
import { startStandaloneStage } from './standalone-stage.ts';
import { summary } from './summary.ts';

const seed = Number(process.env['PARLEY_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const harmedSeconds = 15;
const visibleWithinMs = 10_000;

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
  for (const kind of ['acked', 'received', 'page-read', 'members-answered', 'fault-healed', 'row'] as const) {
    expect(history.filter((entry) => entry.kind === kind).length, kind).toBeGreaterThan(0);
  }
});

import { expect, it } from 'vitest';
import { checkHistory } from './check-history.ts';
import { historyToLines, linesToHistory } from './history.ts';
import { goodHistory } from './testing/model.ts';

const options = { visibleWithinMs: 5_000 };
const seeds = Array.from({ length: 10 }, (_, index) => index + 1);

it.each(seeds)('finds nothing in a good history (seed %i)', (seed) => {
  expect(checkHistory(goodHistory({ seed, steps: 1_000 }), options).slice(0, 10)).toEqual([]);
});

it('judges a history from a file as it judges it from memory', () => {
  const history = goodHistory({ seed: 1, steps: 300 });
  expect(linesToHistory(historyToLines(history))).toEqual(history);
});

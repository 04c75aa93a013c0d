import { expect, it } from 'vitest';
import { checkHistory } from './check-history.ts';
import { mutate, mutations } from './mutate.ts';
import { goodHistory } from './testing/model.ts';

const options = { visibleWithinMs: 5_000 };
const histories = Array.from({ length: 4 }, (_, index) => ({
  seed: index + 1,
  history: goodHistory({ seed: index + 1, steps: 600 }),
}));
let [caught, tried] = [0, 0];

it.each(mutations)('catches a system that $name: $caughtBy', (mutation) => {
  for (const { seed, history } of histories) {
    const mutated = mutate(history, { mutation, seed });
    expect(mutated, `seed ${seed} has a place for it`).toBeDefined();
    tried++;
    const offences = checkHistory(mutated ?? [], options);
    const named = offences.filter(
      ({ kind, sentence }) => kind === mutation.caughtBy && (mutation.says?.test(sentence) ?? true),
    );
    expect(
      named,
      `seed ${seed}: ${offences
        .map(({ kind, sentence }) => `${kind}: ${sentence}`)
        .slice(0, 5)
        .join('\n')}`,
    ).not.toEqual([]);
    caught++;
  }
});

it('caught every mutation on every seed', () => {
  process.stdout.write(`mutations caught and named rightly: ${caught} of ${tried}, ${mutations.length} kinds\n`);
  expect(caught).toBe(mutations.length * histories.length);
});

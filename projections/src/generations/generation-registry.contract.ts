// What every registry of generations promises.
import { describe, expect, test } from 'vitest';
import { generationOf, withBuilding, withState, withServing, withVersion } from './generations.ts';
import type { GenerationRegistry } from './generations.ts';

/** Two handles of one new, empty registry, as two processes have them. */
export type OpenRegistries = () => Promise<readonly [GenerationRegistry, GenerationRegistry]>;

export function describeGenerationRegistry(open: OpenRegistries): void {
  describe('registry of generations', () => {
    test('knows nothing of a projection before it is told', async () => {
      const [registry] = await open();
      expect(await registry.load('timeline')).toBeUndefined();
    });

    test('keeps what was changed, for every process and each projection apart', async () => {
      const [ours, theirs] = await open();
      await ours.change('timeline', (before) => withVersion(before, 1, 5));
      const changed = await ours.change('timeline', (before) => withBuilding(before ?? never(), 1, 7));
      expect(await theirs.load('timeline')).toStrictEqual(changed);
      expect(generationOf(changed, 2)).toStrictEqual({ number: 2, version: 1, state: 'building', createdTs: 7 });
      expect(await theirs.load('conversations')).toBeUndefined();
    });

    test('loses no change of two who change it at once', async () => {
      const [ours, theirs] = await open();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? ours : theirs).change('timeline', (before) => withVersion(before, index, index)),
        ),
      );
      const record = await ours.load('timeline');
      expect(record?.generations.map(({ number }) => number)).toStrictEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      expect(new Set(record?.generations.map(({ version }) => version)).size).toBe(20);
    });

    test('leaves everything as it is when the change is refused', async () => {
      const [registry] = await open();
      const before = await registry.change('timeline', (none) => withBuilding(withVersion(none, 1, 5), 1, 6));
      const early = registry.change('timeline', (record) => withServing(record ?? never(), 2));
      await expect(early).rejects.toMatchObject({ name: 'GenerationRefused' });
      expect(await registry.load('timeline')).toStrictEqual(before);
      const after = await registry.change('timeline', (record) =>
        withServing(withState(record ?? never(), 2, 'following'), 2),
      );
      expect(after.serving).toBe(2);
    });
  });
}

function never(): never {
  throw new Error('there is a record');
}

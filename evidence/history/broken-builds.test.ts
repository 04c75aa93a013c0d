import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { OffenceKind } from '@parley/proof';
import { expect, it } from 'vitest';
import { BROKEN_BUILDS, HASTY } from './broken-builds.ts';
import { isNoticed } from './check-broken-builds.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

it.each([{ name: 'all in a twentieth of the time', changes: HASTY }, ...BROKEN_BUILDS])(
  'what "$name" replaces stands exactly once in the source',
  ({ changes }) => {
    for (const { file, from } of changes) {
      expect(readFileSync(path.join(root, file), 'utf8').split(from), `${file}: ${from}`).toHaveLength(2);
    }
  },
);

it.each(BROKEN_BUILDS)('"$name" is noticed only by an offence of the right kind', (build) => {
  const offence = (kind: OffenceKind) => ({ kind, sentence: '', entries: [] });
  expect(build.offences.map((kind) => isNoticed(build, [offence('late'), offence(kind)]))).not.toContain(false);
  expect(isNoticed(build, [])).toBe(false);
  expect(isNoticed(build, [offence('late')])).toBe(false);
});

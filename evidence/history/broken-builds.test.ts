import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { BROKEN_BUILDS, HASTY } from './broken-builds.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

it.each([{ name: 'all in a twentieth of the time', changes: HASTY }, ...BROKEN_BUILDS])(
  'what "$name" replaces stands exactly once in the source',
  ({ changes }) => {
    for (const { file, from } of changes) {
      expect(readFileSync(path.join(root, file), 'utf8').split(from), `${file}: ${from}`).toHaveLength(2);
    }
  },
);

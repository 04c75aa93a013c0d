// A process of the next build: this one, with tables changed before it begins.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** For its environment. */
export const nextBuild = (changes: 'next-events.ts' | 'next-timeline.ts') => ({
  NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, changes)).href}`,
});

// The environment in which a program runs as a changed build of itself.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Change {
  /** From the project's root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

const preload = pathToFileURL(path.join(import.meta.dirname, 'break-build.ts')).href;

export const changedBuild = (changes: readonly Change[]): Record<string, string> =>
  changes.length === 0 ? {} : { NODE_OPTIONS: `--import ${preload}`, EVIDENCE_CHANGES: JSON.stringify(changes) };

// Loaded before a program (`node --import`): as its source files are loaded, the pieces that EVIDENCE_CHANGES names are replaced.
// A piece that does not stand exactly once in its file ends the program: a build that is not broken would prove nothing.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Change } from './changed-build.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const changes = JSON.parse(process.env['EVIDENCE_CHANGES'] ?? '[]') as readonly Change[];
const byUrl = Map.groupBy(changes, ({ file }) => pathToFileURL(path.join(root, file)).href);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const wanted = byUrl.get(url);
    if (!wanted || loaded.source === undefined || loaded.source === null) return loaded;
    return { ...loaded, source: wanted.reduce(applied, Buffer.from(loaded.source as Uint8Array).toString()) };
  },
});

function applied(source: string, { file, from, to }: Change): string {
  const pieces = source.split(from);
  if (pieces.length !== 2) {
    process.stderr.write(`${file}: stands ${pieces.length - 1} times, not once: ${from}\n`);
    process.exit(70);
  }
  return pieces.join(to);
}
